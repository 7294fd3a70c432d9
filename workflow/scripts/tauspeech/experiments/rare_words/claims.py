"""Claims of the rare-words paper about its Tables 2 and 3 and Figure 2."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import fmean

from tauspeech.experiments.rare_words.jobs import NORMALISED, VALIDATION
from tauspeech.experiments.rare_words.systems import NAMES, WordSystems
from tauspeech.plan.paper_tables import PaperTable, paper_table, smallest_difference
from tauspeech.plan.tables import PlannedCell, PlannedClaim

FEW = (2, 3, 4)  # words of the merges that the paper finds above Average
CLOSE = 3.0  # points between a vector and the fine-tuned model that still count as close
GAIN = 5.0  # points that the paper's merges gain on general speech
GENERAL = "General"

Cells = Mapping[str, Sequence[PlannedCell]]  # by system


def claims(systems: WordSystems) -> list[PlannedClaim]:
    found = [*_of_words(systems), *_of_general_speech(systems)]
    if systems.control:
        found += _forgetting(_by_system(systems.of_words(systems.control)), systems)
    return found + list(_several_words(systems))


def _by_system(rows: Mapping[str, Mapping[str, PlannedCell]]) -> Cells:
    return {system: [row[system] for row in rows.values()] for system in next(iter(rows.values()))}


def _of_words(systems: WordSystems) -> Iterator[PlannedClaim]:
    cells = _by_system(systems.of_words(systems.task))
    in_paper = _means(paper_table("rare_words", "table2"), systems, of_words=True)
    claim = _Source("Table 2", cells, in_paper)
    yield claim("ft-lifts-the-word", "Fine-tuning lifts the word's own set.", ["FT"], ["Raw"])
    if "TA" in cells:
        close = f"A single task vector stays within {CLOSE:g} points of the fine-tuned model."
        yield claim("vector-close-to-ft", close, ["TA"], ["FT"], margin=CLOSE)


def _of_general_speech(systems: WordSystems) -> Iterator[PlannedClaim]:
    in_paper = _means(paper_table("rare_words", "table2"), systems, of_words=False)
    claim = _Source("Table 2", systems.general, in_paper)
    if "TA" in systems.general:
        yield claim("general-above-ft", "On general speech TA is above FT.", ["TA"], ["FT"])
        yield claim("general-above-raw", "On general speech TA is above Raw.", ["TA"], ["Raw"])
    if systems.task == "translate" and (merges := _merges(systems.general)):
        mean = f"the mean of {', '.join(merges)}" if len(merges) > 1 else merges[0]
        statement = f"On general speech {mean} is {GAIN:g} BLEU above Raw."
        yield claim("general-gain", statement, merges, ["Raw"], margin=-GAIN)


def _forgetting(cells: Cells, systems: WordSystems) -> Iterator[PlannedClaim]:
    """Claims about the task that was not trained, of which the paper gives the error rate of a transcript."""
    found = _means(paper_table("rare_words", "table3"), systems, of_words=True)
    in_paper = {system: -value for system, value in found.items()}
    claim, merges = _Source("Table 3", cells, in_paper), _merges(cells)
    yield claim("ft-forgets", "On the task that was not trained, FT is below Raw.", ["Raw"], ["FT"])
    if "TA" in merges:
        statement = "On the task that was not trained, TA forgets less than FT."
        yield claim("forgets-less-than-ft", statement, ["TA"], ["FT"])
    if "TIES" in merges:
        statement = "On the task that was not trained, TIES forgets least of all merges."
        others = ["Average", *(system for system in merges if system != "TIES")]
        yield claim("ties-forgets-least", statement, ["TIES"], others)


def _several_words(systems: WordSystems) -> Iterator[PlannedClaim]:
    few = [subset for subset in systems.subsets if len(subset.words) in FEW]
    if not few:
        return
    for weight, about in ((VALIDATION, "chosen on validation"), (NORMALISED, "of 1/K")):
        found = [systems.of_subset(subset, weight) for subset in few]
        pooled = {system: [cell for cells in found for cell in cells[system]] for system in found[0]}
        claim = _Source("Figure 2", pooled, {})
        for method in systems.config["merging"]["methods"]:
            id = f"{method}-above-average" + ("" if weight == VALIDATION else f"-{weight}")
            statement = f"With two to four words, {NAMES[method]} at weights {about} is above Average."
            yield claim(id, statement, [NAMES[method]], ["Average"])


class _Source:
    """A table or figure whose systems claims compare, with the mean scores of the paper's own."""

    def __init__(self, name: str, cells: Cells, in_paper: Mapping[str, float]):
        self.name, self.cells, self.in_paper = name, cells, in_paper

    def __call__(
        self, id: str, statement: str, better: Sequence[str], than: Sequence[str], margin: float = 0.0
    ) -> PlannedClaim:
        own = [cell for system in better for cell in self.cells[system]]
        rivals = {system: self.cells[system] for system in than}
        paper = None
        if all(system in self.in_paper for system in (*better, *than)):
            mean = fmean(self.in_paper[system] for system in better)
            paper = smallest_difference(mean, [self.in_paper[system] for system in than], margin=margin)
        return PlannedClaim(id, statement, self.name, own, rivals, margin=margin, paper=paper)


def _merges(cells: Iterable[str]) -> list[str]:
    """The merges other than Average."""
    return [system for system in cells if system in NAMES.values() and system != "Average"]


def _means(table: PaperTable, systems: WordSystems, of_words: bool) -> dict[str, float]:
    """Mean of each column over the words, or its row of general speech; none for another task than the paper's."""
    if systems.task != "translate":
        return {}
    rows = [row for name, row in table.items() if (name != GENERAL) == of_words]
    return {system: fmean(row[system] for row in rows) for system in rows[0]}
