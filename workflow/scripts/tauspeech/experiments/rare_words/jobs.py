"""Jobs of the experiment rare_words: of each word, and of words that go together."""

from dataclasses import dataclass
from typing import Any

from tauspeech.experiments.rare_words.words import Word
from tauspeech.plan.builder import Builder, Mixture, Sentences, TaskSets
from tauspeech.plan.jobs import PlannedJob, once

METHOD = {"average": "task_arithmetic", "ta": "task_arithmetic", "ties": "ties", "dare": "dare"}


@dataclass(frozen=True, eq=False)
class Subset:
    """Words that one model is made for; a single word is a subset of one, under its own name."""

    id: str
    words: tuple[Word, ...]

    @property
    def run(self) -> str:
        """The fine-tune on all of the words."""
        return self.id if len(self.words) == 1 else f"joint--{self.id}"


class WordJobs(Builder):
    def __init__(self, config: dict[str, Any], repetition: int = 0):
        super().__init__(config, repetition)
        self.task: str = config["task"]
        self.source, self.target = config["languages"]["source"], config["languages"]["target"]
        self.sources = (self.source,)
        self.languages = tuple(dict.fromkeys((self.source, self.target)))
        self._alone: dict[str, Subset] = {}

    # Data. A set is a word's, its carrier sentences' or, without a word, the general one.

    @once
    def text(self, word: Word | None, carriers: bool) -> PlannedJob:
        counts = self.setting("text", word and word.id)["counts"]
        about: dict[str, Any] = {"word": None, "word_id": ""}
        wanted = {"test": counts["general"]}
        if word:
            about = {
                "word": {"forms": forms_of(word), "phrase": word.phrase, "domain": word.domain},
                "word_id": word.id,
            }
            wanted = {split: counts[split] for split in ("train", "validation", "test")}
        if carriers:
            wanted = {"carrier": self.config["rarity"]["carriers"]}
        own = self.own_sentences(word.id if word else "general")
        return self.sentences(set_name(word, carriers), Sentences(self.languages, wanted, own, about))

    def candidates(self, words: tuple[Word, ...]) -> list[PlannedJob]:
        """What a language model proposes beside the words that are there; made only where it is asked for by name."""
        if not self.config["candidates"]:
            return []
        source = self.language_model()
        settings = {"source": source, "languages": list(self.languages), "domains": self.config["candidates"]}
        settings["known"] = sorted(
            {word.id for word in words} | {form for word in words for form in word.phrase.values()}
        )
        module = f"tauspeech.text.sources.{source['kind']}"
        return [PlannedJob("candidates", "candidates", settings, seed=self.seed, module=module)]

    @once
    def speech(self, word: Word | None, carriers: bool = False) -> PlannedJob:
        name = set_name(word, carriers)
        if found := self.recordings(word.id if word else "general"):
            return self.recorded(name, found, self.languages, word.id if word else "", carriers)
        speech = self.setting("speech", word and word.id)
        return self.spoken(name, self.text(word, carriers), self.source, speech)

    def showings(self) -> list[PlannedJob]:
        """The voices, saying general sentences; recordings have none."""
        if self.recordings("general"):
            return []
        return [self.showing(self.source, self.text(None, False), self.source, self.config["speech"])]

    @once
    def rarity(self, word: Word) -> PlannedJob:
        settings = self.decoding_settings | {"threshold": self.config["rarity"]["threshold"], "word": forms_of(word)}
        settings |= {"lesson": self.speech_task(self.task)}
        inputs = {"base": self.base, "speech": self.speech(word, True)}
        return self.job("rarity", word.id, settings, inputs, threads=self.decoding_threads)

    def speech_task(self, task: str) -> dict[str, str]:
        """What a model is asked to do with speech in the source language."""
        return {"task": task, "source": self.source, "target": self.target}

    def taught(self, words: tuple[Word, ...]) -> TaskSets:
        return tuple((self.speech(word), (self.speech_task(self.task),)) for word in words)

    # Training and merging

    @once
    def finetune(self, subset: Subset) -> PlannedJob:
        single = len(subset.words) == 1
        training = self.setting("training", subset.id if single else None)
        joint_steps = None if single else self.config["composition"]["joint_steps"]
        return self.tuned(subset.run, self.taught(subset.words), training, joint_steps)

    @once
    def vector(self, subset: Subset) -> PlannedJob:
        return self.vector_of(self.finetune(subset))

    def alone(self, word: Word) -> Subset:
        return self._alone.setdefault(word.id, Subset(word.id, (word,)))

    def _mixture(self, subset: Subset, method: str, suffix: str = "") -> Mixture:
        vectors = tuple(self.vector(self.alone(word)) for word in subset.words)
        how = {"method": METHOD[method], "options": self.config["merging"].get(method, {})}
        return Mixture(f"{subset.id}--{method}{suffix}", how, vectors, self.taught(subset.words), together=subset.id)

    @once
    def weight(self, subset: Subset, method: str) -> PlannedJob:
        return self.weight_of(self._mixture(subset, method))

    @once
    def merge(self, subset: Subset, method: str, weight: str | float) -> PlannedJob:
        """A merged model; ``weight`` is 'validation', 'normalised' or a number."""
        count = len(subset.words)
        if method == "average":
            # The mean of the fine-tuned models is task arithmetic at weight 1/K; of a single one the paper takes the
            # mean with the base.
            return self.merged(self._mixture(subset, method), 1 / max(2, count))
        if weight == "validation":
            return self.merged(self._mixture(subset, method))
        if weight == "normalised":
            return self.merged(self._mixture(subset, method, "--normalised"), 1 / count)
        return self.merged(self._mixture(subset, method, "--fixed"), float(weight))

    # Scoring

    @once
    def score(
        self, hypotheses: PlannedJob, words: tuple[Word, ...], raw: tuple[PlannedJob, ...], finetuned: PlannedJob | None
    ) -> PlannedJob:
        return self.scored(hypotheses, raw, finetuned, words={word.id: forms_of(word) for word in words})


def set_name(word: Word | None, carriers: bool) -> str:
    return f"{word.id if word else 'general'}{'--carriers' if carriers else ''}"


def forms_of(word: Word) -> dict[str, list[str]]:
    return {language: list(forms) for language, forms in word.forms.items()}
