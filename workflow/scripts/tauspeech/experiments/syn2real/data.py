"""Sets of speech of the experiment syn2real: the sentences of each domain, recorded and synthesised."""

from typing import Any

from tauspeech.data.tables import SPLITS
from tauspeech.experiments.syn2real.conditions import PSEUDO, RECORDED, SYNTHETIC
from tauspeech.plan.builder import Builder
from tauspeech.plan.jobs import PlannedJob, once

TRAINED = ("train", "validation")  # splits of synthetic speech; tests are on recordings


class DomainSets:
    """One repetition's sets, which models of all bases are trained on."""

    def __init__(self, config: dict[str, Any], build: Builder):
        self.config, self.build = config, build
        self.language: str = config["language"]
        self.made: dict[tuple[Any, ...], PlannedJob] = {}

    @property
    def task(self) -> dict[str, str]:
        return {"kind": "transcribe", "source": self.language, "target": self.language}

    def speech(self, domain: str, condition: str, labeller: Builder) -> PlannedJob:
        """The set of a domain in a condition; the base of ``labeller`` writes pseudo-labels."""
        if condition == RECORDED:
            return self.recorded(domain)
        if condition == PSEUDO:
            return self._pseudo(domain, labeller)
        return self.synthetic(domain, condition.removeprefix(SYNTHETIC).removeprefix("-"))

    @once
    def text(self, domain: str) -> PlannedJob:
        counts = self.config["text"]["counts"]
        if self.config["corpus"]:
            return self.build.corpus_sentences(domain, domain, self.config["corpus"], self.language, counts)
        return self.build.commands(domain, self.language, counts, domain)

    @once
    def recorded(self, domain: str) -> PlannedJob:
        """Recordings of a corpus, or simulated ones: clean speech of other voices through a channel."""
        if self.config["corpus"]:
            counts = self.config["text"]["counts"]
            return self.build.corpus_speech(
                f"{domain}--{RECORDED}", domain, self.config["corpus"], self.language, counts
            )
        simulated, id = self.config["recorded"], f"{domain}--{RECORDED}"
        speech = self.config["speech"] | {key: simulated[key] for key in ("rate", "pitch")}
        speech |= {"voices": {self.language: simulated["voices"]}}
        clean = self.build.synthesised(
            f"{domain}--clean", self.text(domain), self.language, speech, takes=simulated["takes"], splits=SPLITS
        )
        return self.build.channelled(id, clean, simulated["channel"])

    @once
    def synthetic(self, domain: str, engine: str) -> PlannedJob:
        """The sentences of a domain for training, by the run's own voices or by those of another engine."""
        speech = self.config["speech"]
        if engine:
            speech = speech | {"voices": {self.language: speech["engines"][engine]}}
        id = f"{domain}--{SYNTHETIC}" + (f"-{engine}" if engine else "")
        return self.build.synthesised(
            id, self.text(domain), self.language, speech, takes=speech["takes"], splits=TRAINED
        )

    @once
    def _pseudo(self, domain: str, labeller: Builder) -> PlannedJob:
        id = f"{domain}--{PSEUDO}" + labeller.base_id.removeprefix("base").replace("--", "-", 1)
        return labeller.pseudo_labels(id, self.recorded(domain), self.language)
