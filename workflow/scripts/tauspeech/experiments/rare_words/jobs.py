"""Jobs of the experiment rare_words: of each word, and of words that share a model."""

from dataclasses import dataclass
from typing import Any

from tauspeech.data.tables import SPLITS
from tauspeech.experiments.rare_words.words import Word, require_template
from tauspeech.plan.builder import Builder, PlannedSentences, TaskSets, searched_scale
from tauspeech.plan.jobs import PlannedJob, once
from tauspeech.plan.merges import MergeSpec, Term
from tauspeech.plan.text_language import text_language

METHOD = {"average": "task_arithmetic", "ta": "task_arithmetic", "ties": "ties", "dare": "dare"}
VALIDATION, NORMALISED = "validation", "normalised"  # the two readings of the paper's weights


def normalised_weight(count: int) -> float:
    """Weight of each of some vectors: they sum to 1, and a single one has 1/2, which is the mean with the base."""
    return 1 / max(2, count)


@dataclass(frozen=True, eq=False)
class Subset:
    """Words that one model is made for; a single word is a subset of one, under its own name."""

    id: str
    words: tuple[Word, ...]

    @property
    def run(self) -> str:
        """Name of the fine-tune on all of the words."""
        return self.id if len(self.words) == 1 else f"joint--{self.id}"


class WordJobs:
    """One repetition's jobs. A set of speech is a word's, its carrier sentences' or, without a word, the general one."""

    def __init__(self, config: dict[str, Any], repetition: int = 0):
        self.config = config
        self.task: str = config["task"]
        self.source, self.target = config["languages"]["source"], config["languages"]["target"]
        self.languages = tuple(dict.fromkeys((self.source, self.target)))
        self.language = text_language(self.task, self.source, self.target)
        self.build = Builder(config, (self.source,), (self.target,), repetition)
        self.made: dict[tuple[Any, ...], PlannedJob] = {}
        self._alone: dict[str, Subset] = {}

    # Data

    @once
    def text(self, word: Word | None, carriers: bool) -> PlannedJob:
        counts = self.build.section("text", word.id if word else None)["counts"]
        about, wanted = None, {"test": counts["general"]}
        if word:
            about = {"forms": forms_of(word), "phrase": word.phrase, "domain": word.domain}
            wanted = {split: counts[split] for split in SPLITS}
        if carriers:
            wanted = {"carrier": self.config["rarity"]["carriers"]}
        own = self.build.own_sentences(word.id if word else "general")
        sentences = PlannedSentences(self.languages, wanted, own, about, word.id if word else "")
        planned = self.build.sentences(set_name(word, carriers), sentences)
        source = planned.settings["source"]
        if word and source["kind"] == "template":
            require_template(word, source["name"], self.languages)
        return planned

    def candidates(self, words: tuple[Word, ...]) -> list[PlannedJob]:
        """Rare words that a language model proposes; made only where asked for by name."""
        if not self.config["candidates"]:
            return []
        source = self.build.language_model()
        settings = {"source": source, "languages": list(self.languages), "domains": self.config["candidates"]}
        settings["known"] = sorted(
            {word.id for word in words} | {form for word in words for form in word.phrase.values()}
        )
        modules = (f"tauspeech.text.sources.{source['kind']}",)
        return [PlannedJob("candidates", "candidates", settings, seed=self.build.seed, modules=modules)]

    @once
    def speech(self, word: Word | None) -> PlannedJob:
        """Speech to train and test on: through the configuration's channel, if it has one and the speech is generated."""
        clean, channel = self.clean(word), self.config["speech"]["channel"]
        if not channel or clean.settings["kind"] == "recordings":
            return clean
        return self.build.channelled(set_name(word, False), clean, channel)

    @once
    def clean(self, word: Word | None, carriers: bool = False) -> PlannedJob:
        """Recordings, or generated speech without a channel, which is what checks before any training are about."""
        name = set_name(word, carriers)
        if found := self.build.recordings(word.id if word else "general"):
            splits = ("carrier",) if carriers else SPLITS if word else ("test",)
            return self.build.recorded(name, found, self.languages, splits, word.id if word else "", carriers)
        speech = self.build.section("speech", word.id if word else None)
        return self.build.synthesised(name, self.text(word, carriers), self.source, speech)

    def voice_samples(self) -> list[PlannedJob]:
        """General sentences in every voice; none for recordings."""
        if self.build.recordings("general"):
            return []
        return [self.build.voice_samples(self.source, self.text(None, False), self.source, self.config["speech"])]

    @once
    def rarity(self, word: Word) -> PlannedJob:
        rarity, check = self.config["rarity"], self.build.section("speech", word.id)["check"]
        settings = self.build.decoding_settings | {"forms": forms_of(word), "task": self.speech_task(self.task)}
        settings |= {"threshold": rarity["threshold"], "errors": check["errors"]}
        # Whisper translates into English alone: elsewhere a control that is missed says nothing about the speech.
        translated = self.task == "translate" and self.target != "en"
        control_least = 0 if translated else rarity["control_least"]
        settings |= {"least": {"control": control_least, "round_trip": check["least_share"]}}
        settings |= self.build.scoring_settings
        inputs = {"base": self.build.base, "speech": self.clean(word, True)}
        threads = self.build.decoding_threads
        return self.build.job("rarity", word.id, settings, inputs, threads=threads, modules=self.build.family)

    def intelligibility(self, words: list[Word], with_sets: bool = True) -> list[PlannedJob]:
        """The check before any training: of the words, and of their sets where neural voices speak in these."""
        sets = [
            (self.clean(word), self.build.section("speech", word.id)["check"]["least_share"])
            for word in words
            if with_sets and self.clean(word).settings["check"]
        ]
        check = self.build.intelligibility([self.rarity(word) for word in words], sets)
        return [check] if check else []

    def speech_task(self, kind: str) -> dict[str, str]:
        return {"kind": kind, "source": self.source, "target": self.target}

    def training_sets(self, words: tuple[Word, ...]) -> TaskSets:
        return tuple((self.speech(word), (self.speech_task(self.task),)) for word in words)

    # Training and merging

    @once
    def finetune(self, subset: Subset) -> PlannedJob:
        single = len(subset.words) == 1
        training = self.build.section("training", subset.id if single else None)
        joint_steps = None if single else self.config["composition"]["joint_steps"]
        return self.build.finetune(subset.run, self.training_sets(subset.words), training, joint_steps)

    @once
    def vector(self, subset: Subset) -> PlannedJob:
        return self.build.vector(self.finetune(subset))

    def alone(self, word: Word) -> Subset:
        return self._alone.setdefault(word.id, Subset(word.id, (word,)))

    def _sum(self, subset: Subset, method: str, scale: float = 1.0) -> MergeSpec:
        terms = tuple(Term(self.vector(self.alone(word))) for word in subset.words)
        return MergeSpec(METHOD[method], terms, self.config["merging"].get(method, {}), scale)

    @once
    def weight(self, subset: Subset, method: str) -> PlannedJob:
        """Search for the weight of each vector on validation; TA's has a process of its own where its time is compared."""
        merge = self._sum(subset, method)
        batch = None if method == "ta" and self.config["baselines"]["systems"] else subset.id
        return self.build.scale_search(f"{subset.id}--{method}", merge, self.training_sets(subset.words), batch)

    @once
    def average(self, subset: Subset) -> PlannedJob:
        """The mean of the fine-tuned models, or of a single one and the base: task arithmetic at the normalised weight."""
        merge = self._sum(subset, "average", normalised_weight(len(subset.words)))
        return self.build.merge(f"{subset.id}--average", merge, subset.id)

    @once
    def merge(self, subset: Subset, method: str, weight: str | float) -> PlannedJob:
        """A merged model; ``weight`` is 'validation', 'normalised' or a number.

        TA at Average's weight is Average, and TA of one vector at the weight 1 is the fine-tune.
        """
        if method == "average":
            return self.average(subset)
        name = f"{subset.id}--{method}"
        if weight == VALIDATION:
            found = self._sum(subset, method)
            chosen = searched_scale(self.weight(subset, method))
            return self.build.merge(name, MergeSpec(found.method, found.terms, found.options, chosen), subset.id)
        normalised = normalised_weight(len(subset.words))
        number = normalised if weight == NORMALISED else float(weight)
        if method == "ta" and number == normalised:
            return self.average(subset)
        if method == "ta" and number == len(subset.words) == 1:
            return self.finetune(subset)
        suffix = "normalised" if weight == NORMALISED else "fixed"
        return self.build.merge(f"{name}--{suffix}", self._sum(subset, method, number), subset.id)

    # Scoring

    @once
    def score(
        self, hypotheses: PlannedJob, words: tuple[Word, ...], raw: tuple[PlannedJob, ...], finetuned: PlannedJob | None
    ) -> PlannedJob:
        return self.build.score(hypotheses, raw, finetuned, words={word.id: forms_of(word) for word in words})


def set_name(word: Word | None, carriers: bool) -> str:
    return f"{word.id if word else 'general'}{'--carriers' if carriers else ''}"


def forms_of(word: Word) -> dict[str, list[str]]:
    return {language: list(forms) for language, forms in word.forms.items()}
