"""Systems of the experiment language_expansion, which are the rows of its tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tauspeech.experiments.language_expansion.jobs import ADDED, SPEECH, TEXT, ExpansionJobs, SearchedMerge
from tauspeech.plan.jobs import PlannedJob
from tauspeech.plan.merges import Searched
from tauspeech.plan.tables import PlannedCell

LETTERS = {"table3": "A", "table4": "B"}
# Methods of Tables 3 and 4, from row 4 on: with language control or without.
MERGED = (
    ("addition", "Addition", False),
    ("addition", "Addition + LC", True),
    ("ties", "TIES", False),
    ("ties", "TIES + LC", True),
)
SYNTHESISED = "table5"
THIRD = "third_language"


@dataclass(frozen=True)
class ExpansionSystem:
    """A row of a table: a model's score for each language, and where its weights were chosen if it is merged.

    One that is not ``in_paper`` stands beside a row of the paper; ``in_details`` it is no row of the table itself.
    """

    name: str
    cells: dict[str, PlannedCell]
    weights: tuple[Searched, ...] = ()
    in_paper: bool = True
    in_details: bool = False
    added: Mapping[str, PlannedJob] = field(default_factory=dict)  # what only this row needs, whose seconds are counted


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
            *(
                system
                for number, (method, name, controlled) in enumerate(MERGED, start=4)
                for system in (
                    self._merged(f"{letter}{number} {name}", jobs.addition(table, method, controlled)),
                    *self._free(f"{letter}{number} {name}, free", jobs.free_addition(table, method, controlled)),
                )
            ),
            *([self._linear(f"{letter}4 Linear combination of adapters", table)] if jobs.adds_adapters(table) else []),
        ]

    def _free(self, name: str, searched: SearchedMerge) -> list[ExpansionSystem]:
        wanted = self.config["merging"]["free"]
        return [replace(self._merged(name, searched), in_paper=False)] if wanted else []

    def _linear(self, name: str, table: str) -> ExpansionSystem:
        """The addition's adapters, combined as Hugging Face does."""
        addition, model = self.jobs.addition(table, "addition", False), self.jobs.linear_adapters(table)
        score = self.jobs.score(model.id, model, SPEECH, addition.languages, model.batch_name)
        cells = self._cells(score, SPEECH, addition.languages)
        return ExpansionSystem(name, cells, self._weights(addition), in_paper=False, in_details=True)

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
            weights = self._weights(searched)
            found.append(self._merged(row, searched))
            cells = self._cells(score, SPEECH, languages)
            new = {"finetuned": jobs.translation(SPEECH, added), "vectors": jobs.tau(SPEECH, added), "merged": model}
            found.append(ExpansionSystem(f"{row}, and {added}", cells, (weights[0], *weights), added=new))
        return found

    def _trained(
        self, name: str, model: PlannedJob, kind: str, languages: tuple[str, ...], id: str | None = None
    ) -> ExpansionSystem:
        score = self.jobs.score(id or model.id, model, kind, languages, id or f"trained--{model.id}")
        return ExpansionSystem(name, self._cells(score, kind, languages))

    def _merged(self, name: str, searched: SearchedMerge) -> ExpansionSystem:
        model, languages = self.jobs.merged(searched), searched.languages
        score = self.jobs.score(searched.id, model, SPEECH, languages, searched.batch)
        return ExpansionSystem(name, self._cells(score, SPEECH, languages), self._weights(searched))

    def _weights(self, searched: SearchedMerge) -> tuple[Searched, ...]:
        search = self.jobs.search(searched)
        return tuple(each if isinstance(each, Searched) else Searched(search, each) for each in searched.weights)

    def _cells(self, score: PlannedJob, kind: str, languages: tuple[str, ...]) -> dict[str, PlannedCell]:
        return {each: PlannedCell(score, self.jobs.speech(each).id, kind, each) for each in languages}
