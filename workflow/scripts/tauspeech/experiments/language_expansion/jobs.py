"""Jobs of the experiment language_expansion: sets by target language, trainings, and merges with searched weights."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

from tauspeech.data.tables import SPLITS
from tauspeech.plan.builder import Builder, PlannedSentences, TaskSets
from tauspeech.plan.jobs import PlannedJob, once
from tauspeech.plan.merges import MergeSpec, Searched, Term, Tried, with_chosen_weights
from tauspeech.plan.sources import everyday_grammar
from tauspeech.plan.translated_corpora import translated_corpus
from tauspeech.runtime.errors import UserError

SPEECH, TEXT, CONTROL = "translate", "translate_text", "control_language"  # kinds of tasks
BOTH, FIRST, SECOND, LC = "both", "first", "second", "lc"  # names of weights
FREE = (FIRST, SECOND)
LARGEST_RANK = 64  # of a linear combination: a vector of a higher rank may be stored as a whole, without factors
ADDED = "table3"  # to whose merges a third language is added


@dataclass(frozen=True)
class SearchedMerge:
    """A merge whose weights are chosen on the validation speech of some languages; its name stands for it."""

    id: str
    merge: MergeSpec = field(compare=False)  # with weights that are tried
    weights: tuple[str | Searched, ...] = field(
        compare=False
    )  # names, or what another search chooses; in the paper's order
    candidates: tuple[dict[str, float], ...] = field(compare=False)
    languages: tuple[str, ...] = field(compare=False)
    batch: str = field(compare=False)  # merges of a batch do not depend on each other


class ExpansionJobs:
    """One repetition's jobs. A set is speech in the source language with translations into one language, whose code it has."""

    def __init__(self, config: dict[str, Any], repetition: int = 0):
        self.config, self.source = config, config["languages"]["source"]
        self.expansions: dict[str, dict[str, Any]] = {
            name: found for name, found in config["expansions"].items() if found
        }
        if not self.expansions:
            raise UserError("key 'expansions': give the languages of a table, table3 or table4.")
        for name, found in self.expansions.items():
            _require_languages(name, found, self.source)
        pairs = (found["languages"] for found in self.expansions.values())
        known = [language for pair in pairs for language in pair]
        self.languages = tuple(dict.fromkeys([*known, *filter(None, [config["added"]])]))
        _require_added(config["added"], self.expansions, self.source)
        self.build = Builder(config, (self.source,), self.languages, repetition)
        self.made: dict[tuple[Any, ...], PlannedJob] = {}

    # Data

    @once
    def text(self, language: str) -> PlannedJob:
        own = self.build.own_sentences(language)
        wanted = PlannedSentences(
            (self.source, language),
            self.config["text"]["counts"],
            own,
            grammar=everyday_grammar(self.source, language),
        )
        return self.build.sentences(language, wanted)

    @once
    def speech(self, language: str) -> PlannedJob:
        if corpus := self.config["corpus"]:
            source, module = translated_corpus(corpus, self.source, language)
            settings = {"source": source, "languages": [self.source, language]}
            settings |= {"hours": corpus["hours"], "longest": corpus["longest"]}
            return self.build.job("corpus", language, settings, seed=self.build.seed, modules=(module,))
        if found := self.build.recordings(language):
            return self.build.recorded(language, found, (self.source, language), SPLITS)
        return self.build.synthesised(language, self.text(language), self.source, self.config["speech"])

    def generated(self) -> list[str]:
        """Languages whose set is generated, not recorded."""
        if self.config["corpus"]:
            return []
        return [language for language in self.languages if not self.build.recordings(language)]

    def intelligibility(self) -> list[PlannedJob]:
        """The check before any training, of the generated speech."""
        least = self.config["speech"]["check"]["least_share"]
        check = self.build.intelligibility([], [(self.speech(each), least) for each in self.generated()])
        return [check] if check else []

    def _task(self, kind: str, language: str) -> dict[str, str]:
        return {"kind": kind, "source": self.source, "target": language}

    def sets(self, kind: str, languages: Iterable[str]) -> TaskSets:
        """The sets of some languages, each with one task."""
        return tuple((self.speech(each), (self._task(kind, each),)) for each in languages)

    # Trainings

    @once
    def translation(self, kind: str, language: str) -> PlannedJob:
        """A fine-tune for the translation of speech, or of texts, into one language."""
        return self._finetune(f"{language}--{'st' if kind == SPEECH else 'mt'}", self.sets(kind, (language,)))

    @once
    def joint(self, languages: tuple[str, ...]) -> PlannedJob:
        return self._finetune(f"{'-'.join(languages)}--joint", self.sets(SPEECH, languages))

    @once
    def control(self, table: str) -> PlannedJob:
        """Language control, on the transcripts of one set: each utterance asks for one of the table's languages."""
        expansion = self.expansions[table]
        tasks = tuple(self._task(CONTROL, each) for each in expansion["languages"])
        return self._finetune(f"{table}--control", ((self.speech(expansion["control"]), tasks),))

    def _finetune(self, id: str, sets: TaskSets) -> PlannedJob:
        return self.build.finetune(id, sets, self.build.section("training", id))

    def vector(self, finetuned: PlannedJob) -> PlannedJob:
        return self.build.vector(finetuned)

    @property
    def trainings(self) -> set[str]:
        """Names of all trainings."""
        found = {self.joint(tuple(each["languages"])).id for each in self.expansions.values()}
        found |= {self.control(table).id for table in self.expansions}
        return found | {self.translation(kind, each).id for kind in (SPEECH, TEXT) for each in self.languages}

    # Merges

    def addition(self, table: str, method: str, controlled: bool) -> SearchedMerge:
        """The sum of two languages' vectors, plain or by TIES, both with one weight; and of language control."""
        terms = [Term(self.tau(SPEECH, each), Tried(BOTH)) for each in self.expansions[table]["languages"]]
        grid = [{BOTH: weight} for weight in sorted(self.config["merging"]["grid"])]
        return self._searched(f"{table}--{method}", table, method, terms, (BOTH, BOTH), grid, table, controlled)

    def free_addition(self, table: str, method: str, controlled: bool) -> SearchedMerge:
        """The same with a weight for each language; that of language control is what was chosen with one weight."""
        languages = self.expansions[table]["languages"]
        terms = [Term(self.tau(SPEECH, each), Tried(name)) for name, each in zip(FREE, languages, strict=True)]
        chosen = Searched(self.search(self.addition(table, method, True)), LC) if controlled else None
        id, grid = f"{table}--{method}-free", self._free_grid
        return self._searched(id, f"{table}--free", method, terms, FREE, grid, table, controlled, control=chosen)

    @once
    def linear_adapters(self, table: str) -> PlannedJob:
        """What a linear combination of the adapters would be, by their factors, at the weight that addition has chosen."""
        searched = self.addition(table, "addition", False)
        merge = with_chosen_weights(replace(searched.merge, method="linear_adapters"), self.search(searched))
        return self.build.merge(f"{table}--linear-adapters", merge, f"{table}--linear-adapters")

    def adds_adapters(self, table: str) -> bool:
        """True if the vectors of a table are adapters of one rank and scale that are trained here, and stored as factors."""
        adapters = self.addition(table, "addition", False).merge.adapters or []
        kinds = [each.settings.get("lora") for each in adapters]
        return all(kind is not None and kind == kinds[0] and kind["rank"] <= LARGEST_RANK for kind in kinds) and bool(
            kinds
        )

    @once
    def with_added(self, table: str, method: str) -> PlannedJob:
        """The merge of two languages and language control with one more vector: nothing is trained or chosen again."""
        searched = self.addition(table, method, controlled=True)
        added = Term(self.tau(SPEECH, self.config["added"]), Tried(BOTH))
        search = self.search(searched)
        merge = with_chosen_weights(_with_term(searched.merge, added, method), search)
        return self.build.merge(f"{searched.id}-added", merge, f"{table}--added")

    def analogy(self, table: str, controlled: bool) -> SearchedMerge:
        """The translation of speech into the second language, from that into the first and from translations of texts."""
        known, new = self.expansions[table]["languages"]
        terms = [
            Term(self.tau(SPEECH, known), Tried(FIRST)),
            Term(
                MergeSpec("task_arithmetic", (Term(self.tau(TEXT, new)), Term(self.tau(TEXT, known), -1.0))),
                Tried(SECOND),
            ),
        ]
        id, grid = f"{table}--analogy", self._free_grid
        return self._searched(id, id, "addition", terms, FREE, grid, table, controlled, (new,))

    def with_synthesised(self, table: str, controlled: bool) -> SearchedMerge:
        """TIES of the known language's vector and the synthesised one with language control, a merge of a merge."""
        synthesised = self.analogy(table, controlled=True)
        inner = with_chosen_weights(synthesised.merge, self.search(synthesised))
        terms = [
            Term(self.tau(SPEECH, self.expansions[table]["languages"][0]), Tried(FIRST)),
            Term(inner, Tried(SECOND)),
        ]
        id, grid = f"{table}--synthesised", self._free_grid
        return self._searched(id, id, "ties", terms, FREE, grid, table, controlled)

    def tau(self, kind: str, language: str) -> PlannedJob:
        return self.vector(self.translation(kind, language))

    @property
    def _free_grid(self) -> list[dict[str, float]]:
        grid = sorted(self.config["merging"]["free_grid"])
        return [dict(zip(FREE, pair, strict=True)) for pair in product(grid, repeat=2)]

    def _searched(
        self,
        id: str,
        batch: str,
        method: str,
        terms: Sequence[Term],
        weights: tuple[str, ...],
        grid: Sequence[dict[str, float]],
        table: str,
        controlled: bool,
        languages: tuple[str, ...] = (),
        control: Searched | None = None,
    ) -> SearchedMerge:
        """Terms that are added or merged by TIES; language control is added to the result, with a weight of its own or ``control``."""
        parts = tuple(terms)
        if method == "ties":
            parts = (Term(MergeSpec("ties", parts, {"keep": self.config["merging"]["keep"]})),)
        candidates = tuple(grid)
        if controlled:
            parts = (*parts, Term(self.vector(self.control(table)), control or Tried(LC)))
        if controlled and not control:
            controls = sorted(self.config["merging"]["control_grid"])
            candidates = tuple(found | {LC: weight} for found in grid for weight in controls)
        return SearchedMerge(
            f"{id}-lc" if controlled else id,
            MergeSpec("task_arithmetic", parts),
            (*weights, control or LC) if controlled else weights,
            candidates,
            languages or tuple(self.expansions[table]["languages"]),
            batch,
        )

    @once
    def search(self, searched: SearchedMerge) -> PlannedJob:
        candidates = [{"weights": weights} for weights in searched.candidates]
        sets, rule = self.sets(SPEECH, searched.languages), {"kind": "best_weights"}
        return self.build.search(searched.id, searched.merge, sets, "weights", candidates, rule, batch=searched.batch)

    @once
    def merged(self, searched: SearchedMerge) -> PlannedJob:
        merge = with_chosen_weights(searched.merge, self.search(searched))
        return self.build.merge(searched.id, merge, searched.batch)

    # Scores

    @once
    def score(self, id: str, model: PlannedJob, kind: str, languages: tuple[str, ...], batch: str) -> PlannedJob:
        return self.build.score(self.build.decode(id, model, self.sets(kind, languages), batch), words={})


def _with_term(merge: MergeSpec, term: Term, method: str) -> MergeSpec:
    """The merge with one more vector: in the sum, or in what TIES merges."""
    if method != "ties":
        return replace(merge, terms=(term, *merge.terms))
    elected, *others = merge.terms
    assert isinstance(elected.source, MergeSpec)
    inner = replace(elected.source, terms=(*elected.source.terms, term))
    return replace(merge, terms=(replace(elected, source=inner), *others))


def _require_added(added: str | None, expansions: Mapping[str, Any], source: str) -> None:
    if added and (ADDED not in expansions or added in (*expansions[ADDED]["languages"], source)):
        raise UserError(
            f"key 'added' is '{added}': give a third language for the two of expansions.{ADDED}, or leave it out."
        )


def _require_languages(name: str, expansion: dict[str, Any], source: str) -> None:
    key = f"key 'expansions.{name}"
    if source in expansion["languages"]:
        raise UserError(f"{key}.languages': '{source}' is what is spoken: give two others.")
    if expansion["control"] not in expansion["languages"]:
        raise UserError(
            f"{key}.control' is '{expansion['control']}', whose set the table does not have: give one of "
            f"{', '.join(expansion['languages'])}."
        )
