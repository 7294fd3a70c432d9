"""Systems of the experiment language_expansion, which are the rows of its tables."""

from dataclasses import dataclass
from typing import Any

from tauspeech.experiments.language_expansion.jobs import ADDED, SPEECH, TEXT, ExpansionJobs, SearchedMerge
from tauspeech.plan.jobs import PlannedJob
from tauspeech.plan.tables import PlannedCell

LETTERS = {"table3": "A", "table4": "B"}
SYNTHESISED = "table5"
THIRD = "third_language"


@dataclass(frozen=True)
class ExpansionSystem:
    """A row of a table: a model's score for each language, and the search of its weights if it is merged."""

    name: str
    cells: dict[str, PlannedCell]
    search: PlannedJob | None = None
    weights: tuple[str, ...] = ()


class ExpansionSystems:
    """One repetition of the experiment."""

    def __init__(self, config: dict[str, Any], repetition: int = 0):
        self.config, self.jobs = config, ExpansionJobs(config, repetition)

    @property
    def tables(self) -> dict[str, list[ExpansionSystem]]:
        """The rows of each table, with the paper's numbers of rows."""
        found = {name: self._expansion(name) for name in self.jobs.expansions}
        found |= {SYNTHESISED: self._synthesised()} if self.synthesises else {}
        return found | ({THIRD: self._third()} if self.config["added"] else {})

    @property
    def synthesises(self) -> bool:
        return bool(self.config["synthesised"] and "table3" in self.jobs.expansions)

    def _expansion(self, table: str) -> list[ExpansionSystem]:
        jobs, letter = self.jobs, LETTERS[table]
        languages = tuple(jobs.expansions[table]["languages"])
        first, second = languages
        return [
            self._trained(f"{letter}0 Base", jobs.build.base, SPEECH, languages, f"{table}--base"),
            self._trained(f"{letter}1 Joint fine-tuning", jobs.joint(languages), SPEECH, languages),
            *(
                self._trained(f"{letter}{number} {each} alone", jobs.translation(SPEECH, each), SPEECH, (each,))
                for number, each in ((2, first), (3, second))
            ),
            self._merged(f"{letter}4 Addition", jobs.addition(table, "addition", False)),
            self._merged(f"{letter}5 Addition + LC", jobs.addition(table, "addition", True)),
            self._merged(f"{letter}6 TIES", jobs.addition(table, "ties", False)),
            self._merged(f"{letter}7 TIES + LC", jobs.addition(table, "ties", True)),
        ]

    def _synthesised(self) -> list[ExpansionSystem]:
        jobs = self.jobs
        known, new = jobs.expansions["table3"]["languages"]
        return [
            *(
                self._trained(f"C{number} {each}, texts", jobs.translation(TEXT, each), TEXT, (each,))
                for number, each in ((1, known), (2, new))
            ),
            self._trained(f"C3 {known} alone", jobs.translation(SPEECH, known), SPEECH, (known,)),
            self._merged("C4 Analogy", jobs.analogy("table3", False)),
            self._merged("C5 Analogy + LC", jobs.analogy("table3", True)),
            self._merged("C6 TIES of C3 and C5", jobs.with_synthesised("table3", False)),
            self._merged("C7 TIES of C3 and C5 + LC", jobs.with_synthesised("table3", True)),
        ]

    def _third(self) -> list[ExpansionSystem]:
        """Merges of Table 3 with a third language, added with the weights of the two."""
        jobs, added = self.jobs, self.config["added"]
        pair = tuple(jobs.expansions[ADDED]["languages"])
        found = [self._trained(f"{added} alone", jobs.translation(SPEECH, added), SPEECH, (added,))]
        for method, number, name in (("addition", 5, "Addition"), ("ties", 7, "TIES")):
            searched = jobs.addition(ADDED, method, controlled=True)
            model, languages = jobs.with_added(ADDED, method), (*pair, added)
            score = jobs.score(model.id, model, SPEECH, languages, model.batch_name)
            row = f"A{number} {name} + LC"
            weights = (searched.weights[0], *searched.weights)
            found.append(self._merged(row, searched))
            cells = self._cells(score, SPEECH, languages)
            found.append(ExpansionSystem(f"{row}, and {added}", cells, jobs.search(searched), weights))
        return found

    def _trained(
        self, name: str, model: PlannedJob, kind: str, languages: tuple[str, ...], id: str | None = None
    ) -> ExpansionSystem:
        score = self.jobs.score(id or model.id, model, kind, languages, id or f"trained--{model.id}")
        return ExpansionSystem(name, self._cells(score, kind, languages))

    def _merged(self, name: str, searched: SearchedMerge) -> ExpansionSystem:
        model, languages = self.jobs.merged(searched), searched.languages
        score = self.jobs.score(searched.id, model, SPEECH, languages, searched.batch)
        return ExpansionSystem(
            name, self._cells(score, SPEECH, languages), self.jobs.search(searched), searched.weights
        )

    def _cells(self, score: PlannedJob, kind: str, languages: tuple[str, ...]) -> dict[str, PlannedCell]:
        return {each: PlannedCell(score, self.jobs.speech(each).id, kind, each) for each in languages}
