"""Claims of the language-expansion paper about its Tables 3 to 5 and its language confusion."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from tauspeech.experiments.language_expansion.systems import LETTERS, SYNTHESISED, ExpansionSystems, System
from tauspeech.plan.tables import PlannedCell, PlannedClaim

# Differences in the paper's tables, first and second language.
LC_HELPS = {"table3": (3.77, 0.27), "table4": (-0.12, 2.01)}
BEST_MERGE = {"table3": (4.66, 2.76), "table4": (0.35, 4.92)}
ALONE = {"table3": (5.67, 10.18), "table4": (4.92, 8.47)}
JOINT = {"table3": (1.99, 6.94), "table4": (3.11, 1.48)}
CONFUSION = {"table3": (17.16, 4.28)}  # Table I: addition without language control less that with it
TIES_LC = {"table3": (16.05, 20.22), "table4": (5.68, 1.29)}
ANALOGY_LC = 21.43  # C5 over C4
SYNTHESIS_COSTS = (8.20, 14.49)  # C3 over C7, and C5 over C7
LOSS = 0.7833  # C5 is 21.67 % below the fine-tune, A3


def claims(systems: ExpansionSystems) -> list[PlannedClaim]:
    found: list[PlannedClaim] = []
    tables = systems.tables
    for table in systems.jobs.expansions:
        languages = tuple(systems.jobs.expansions[table]["languages"])
        found += _of_table(table, tables[table], languages)
        found += _of_confusion(table, tables[table], languages, (systems.jobs.source, *systems.jobs.languages))
    if SYNTHESISED in tables:
        known, new = systems.jobs.expansions["table3"]["languages"]
        found += _of_synthesis(_by_number(tables[SYNTHESISED]), _by_number(tables["table3"]), known, new)
    return found


def _by_number(systems: Sequence[System]) -> Mapping[str, System]:
    return {system.name.split()[0]: system for system in systems}


def _of_table(table: str, systems: Sequence[System], languages: tuple[str, ...]) -> Iterator[PlannedClaim]:
    row, letter = _by_number(systems), LETTERS[table]
    source = f"Table {table[-1]}"
    alone = dict(zip(languages, (row[f"{letter}2"], row[f"{letter}3"]), strict=True))
    for number, language in enumerate(languages):

        def claim(
            id: str, statement: str, better: System, than: System, paper: float, language: str = language
        ) -> PlannedClaim:
            return _claim(f"{table}_{id}_{language}", f"{statement}, {language}", source, better, than, language, paper)

        merges = {each: row[f"{letter}{each}"] for each in range(4, 8)}
        yield claim(
            "alone",
            "addition falls below the fine-tune for one language",
            alone[language],
            merges[4],
            ALONE[table][number],
        )
        yield claim("lc", "language control raises addition", merges[5], merges[4], LC_HELPS[table][number])
        yield claim("ties_lc", "language control raises TIES", merges[7], merges[6], TIES_LC[table][number])
        yield claim(
            "best",
            "TIES with language control is above plain addition",
            merges[7],
            merges[4],
            BEST_MERGE[table][number],
        )
        yield claim(
            "joint",
            "joint fine-tuning is above TIES with language control",
            row[f"{letter}1"],
            merges[7],
            JOINT[table][number],
        )


def _of_confusion(
    table: str, systems: Sequence[System], asked: tuple[str, ...], among: tuple[str, ...]
) -> Iterator[PlannedClaim]:
    """Shares of answers in another language: the lower the better."""
    row, letter = _by_number(systems), LETTERS[table]
    for number, language in enumerate(asked):
        pairs = {
            "confused": ("addition confuses languages more than a fine-tune does", f"{number + 2}", "4", None),
            "lc_confused": ("language control lowers the confusion of addition", "5", "4", CONFUSION.get(table)),
            "ties_lc_confused": ("language control lowers the confusion of TIES", "7", "6", None),
        }
        for id, (statement, better, than, paper) in pairs.items():
            cells = [replace(row[f"{letter}{each}"].cells[language], among=among) for each in (better, than)]
            name = row[f"{letter}{than}"].name
            yield PlannedClaim(
                f"{table}_{id}_{language}",
                f"{statement}, {language}",
                "Table I" if paper else f"Section IV of the paper, on Table {table[-1]}",
                [cells[0]],
                {name: [cells[1]]},
                paper=paper[number] if paper else None,
            )


def _of_synthesis(
    row: Mapping[str, System], expansion: Mapping[str, System], known: str, new: str
) -> Iterator[PlannedClaim]:
    source = "Table 5"
    statement = f"language control makes the analogy a translation into {new}"
    yield _claim("table5_lc", statement, source, row["C5"], row["C4"], new, ANALOGY_LC)
    statement = f"the analogy with language control loses at most 21.67 % to the fine-tune, {new}"
    yield _claim("table5_loss", statement, source, row["C5"], expansion["A3"], new, 0.0, LOSS)
    for language, better, paper in ((known, row["C3"], SYNTHESIS_COSTS[0]), (new, row["C5"], SYNTHESIS_COSTS[1])):
        statement = f"merging the synthesised model costs, {language}"
        yield _claim(f"table5_cost_{language}", statement, source, better, row["C7"], language, paper)


def _claim(
    id: str,
    statement: str,
    source: str,
    better: System,
    than: System,
    language: str,
    paper: float,
    factor: float = 1.0,
) -> PlannedClaim:
    def cells(system: System) -> list[PlannedCell]:
        return [system.cells[language]]

    return PlannedClaim(id, statement, source, cells(better), {than.name: cells(than)}, factor, paper=paper)
