"""Claims of the language-expansion paper about its Tables 3 to 5 and its language confusion."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tauspeech.experiments.language_expansion.systems import LETTERS, SYNTHESISED, ExpansionSystem, ExpansionSystems
from tauspeech.plan.paper_tables import PaperTable, paper_table, smallest_difference
from tauspeech.plan.tables import PlannedCell, PlannedClaim

PLACES = ("first", "second")  # columns of the paper's tables: the languages in the order of the configuration
LOSS = 0.7833  # of a fine-tune's BLEU, which the analogy keeps: "21.67 % relative performance degradation"


@dataclass(frozen=True)
class _Compared:
    """Rows of one table, here and in the paper."""

    table: str
    rows: Mapping[str, ExpansionSystem]
    paper: PaperTable

    def claim(
        self, id: str, statement: str, better: str, than: str, place: str, language: str, factor: float = 1.0
    ) -> PlannedClaim:
        """One row has a higher BLEU than another one, in one language."""
        numbers = [self.paper[row][place] for row in (better, than)]
        return PlannedClaim(
            f"{self.table}_{id}_{language}",
            f"{statement}, {language}",
            f"Table {self.table[-1]}",
            self._cells(better, language),
            {self.rows[than].name: self._cells(than, language)},
            factor,
            paper=smallest_difference(numbers[0], numbers[1:], factor),
        )

    def _cells(self, row: str, language: str) -> list[PlannedCell]:
        return [self.rows[row].cells[language]]


def claims(systems: ExpansionSystems) -> list[PlannedClaim]:
    found: list[PlannedClaim] = []
    tables = systems.tables
    for table, expansion in systems.jobs.expansions.items():
        compared = _Compared(table, _by_number(tables[table]), paper_table("language_expansion", table))
        found += _of_table(compared, expansion["languages"])
        found += _of_confusion(compared, expansion["languages"], (systems.jobs.source, *systems.jobs.languages))
    if SYNTHESISED in tables:
        names = ("table3", SYNTHESISED)
        rows = {number: system for name in names for number, system in _by_number(tables[name]).items()}
        paper = {number: row for name in names for number, row in paper_table("language_expansion", name).items()}
        found += _of_synthesis(_Compared(SYNTHESISED, rows, paper), systems.jobs.expansions["table3"]["languages"])
    return found


def _by_number(systems: Sequence[ExpansionSystem]) -> Mapping[str, ExpansionSystem]:
    return {system.name.split()[0]: system for system in systems if system.in_paper}


def _of_table(compared: _Compared, languages: Sequence[str]) -> Iterator[PlannedClaim]:
    row = {number: f"{LETTERS[compared.table]}{number}" for number in range(8)}
    for alone, place, language in zip((row[2], row[3]), PLACES, languages, strict=True):
        for id, statement, better, than in (
            ("alone", "addition falls below the fine-tune for one language", alone, row[4]),
            ("lc", "language control raises addition", row[5], row[4]),
            ("ties_lc", "language control raises TIES", row[7], row[6]),
            ("best", "TIES with language control is above plain addition", row[7], row[4]),
            ("joint", "joint fine-tuning is above TIES with language control", row[1], row[7]),
        ):
            yield compared.claim(id, statement, better, than, place, language)


def _of_confusion(compared: _Compared, requested: Sequence[str], among: tuple[str, ...]) -> Iterator[PlannedClaim]:
    """Shares of answers in another language: the lower the better. The paper has them for addition in Table 3."""
    row = {number: f"{LETTERS[compared.table]}{number}" for number in range(8)}
    paper = paper_table("language_expansion", "confusion")
    for alone, place, language in zip((row[2], row[3]), PLACES, requested, strict=True):
        for id, statement, better, than in (
            ("confused", "addition confuses languages more than a fine-tune does", alone, row[4]),
            ("lc_confused", "language control lowers the confusion of addition", row[5], row[4]),
            ("ties_lc_confused", "language control lowers the confusion of TIES", row[7], row[6]),
        ):
            cells = [replace(compared.rows[each].cells[language], among=among) for each in (better, than)]
            known = {better, than} <= paper.keys()
            yield PlannedClaim(
                f"{compared.table}_{id}_{language}",
                f"{statement}, {language}",
                "Section IV-A",
                [cells[0]],
                {compared.rows[than].name: [cells[1]]},
                paper=smallest_difference(-paper[better][place], [-paper[than][place]]) if known else None,
            )


def _of_synthesis(compared: _Compared, languages: Sequence[str]) -> Iterator[PlannedClaim]:
    first, second = PLACES
    known, new = languages
    statement = "language control makes the analogy a translation"
    yield compared.claim("lc", statement, "C5", "C4", second, new)
    statement = "the analogy with language control loses at most 21.67 % to the fine-tune"
    yield compared.claim("loss", statement, "C5", "A3", second, new, LOSS)
    for place, better, language in ((first, "C3", known), (second, "C5", new)):
        yield compared.claim("cost", "merging the synthesised model costs", better, "C7", place, language)
