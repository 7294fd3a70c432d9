"""Claims of the rare-words paper about its Tables 2 and 3 and Figure 2."""

from tauspeech.experiments.rare_words.systems import NAMES, WordSystems
from tauspeech.plan.tables import PlannedCell, PlannedClaim

FEW = (2, 3, 4)  # words of the merges that the paper finds above Average
CLOSE = 3.0  # points between a vector and the fine-tuned model that still count as close


def claims(systems: WordSystems) -> list[PlannedClaim]:
    words, general = list(systems.of_words(systems.task).values()), systems.general
    found = [_versus("ft-lifts-the-word", "Fine-tuning lifts the word's own set.", "Table 2", words, "FT", "Raw")]
    if "ta" in systems.config["merging"]["methods"]:
        close = f"A single task vector stays within {CLOSE:g} points of the fine-tuned model."
        above = "On general speech TA is above {}."
        found += [
            _versus("vector-close-to-ft", close, "Table 2", words, "TA", "FT", margin=CLOSE),
            PlannedClaim("general-above-ft", above.format("FT"), "Table 2", general["TA"], [general["FT"]]),
            PlannedClaim("general-above-raw", above.format("Raw"), "Table 2", general["TA"], [general["Raw"]]),
        ]
    if systems.control:
        found += _forgetting(list(systems.of_words(systems.control).values()))
    return found + _several_words(systems)


def _versus(
    id: str,
    statement: str,
    source: str,
    rows: list[dict[str, PlannedCell]],
    one: str,
    other: str,
    margin: float = 0,
) -> PlannedClaim:
    better, rival = ([row[system] for row in rows] for system in (one, other))
    return PlannedClaim(id, statement, source, better, [rival], margin=margin)


def _forgetting(rows: list[dict[str, PlannedCell]]) -> list[PlannedClaim]:
    merges = [system for system in rows[0] if system in NAMES.values()]
    found = []
    if "TA" in merges:
        statement = "On the task that was not trained, TA forgets less than FT."
        found.append(_versus("forgets-less-than-ft", statement, "Table 3", rows, "TA", "FT"))
    if "TIES" in merges:
        statement = "On the task that was not trained, TIES forgets least of all merges on most words."
        rivals = [[row[system] for row in rows] for system in merges if system != "TIES"]
        better = [row["TIES"] for row in rows]
        found.append(PlannedClaim("ties-forgets-least", statement, "Table 3", better, rivals, "most"))
    return found


def _several_words(systems: WordSystems) -> list[PlannedClaim]:
    few = [systems.of_subset(subset) for subset in systems.subsets if len(subset.words) in FEW]
    if not few:
        return []
    pooled = {system: [cell for cells in few for cell in cells[system]] for system in few[0]}
    return [
        PlannedClaim(
            f"{method}-above-average",
            f"With two to four words, {NAMES[method]} is above Average.",
            "Figure 2",
            pooled[NAMES[method]],
            [pooled["Average"]],
        )
        for method in systems.config["merging"]["methods"]
    ]
