"""Tasks: what a model is to write for an utterance, or for a sentence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tauspeech.data.randomness import derive_seed


@dataclass(frozen=True)
class SpeechTask:
    """Transcription of speech, or its translation; languages are codes such as ``zh``.

    Speech LLMs can be trained for two more: ``translate_text`` translates a sentence, and ``control_language`` writes the
    transcript and then the token of the language that the instruction asks for.
    """

    kind: Literal["transcribe", "translate", "translate_text", "control_language"]
    source: str
    target: str

    @property
    def takes_text(self) -> bool:
        """True for a task whose input is a sentence in the source language."""
        return self.kind == "translate_text"

    @property
    def text_language(self) -> str:
        """Language of the text: the speech's own for a transcript."""
        return self.target if self.kind in ("translate", "translate_text") else self.source


def drawn_for(utterance: str, tasks: Sequence[SpeechTask]) -> list[SpeechTask]:
    """Tasks of one utterance in training: all of a set's, but of those that control the language one, drawn by hash."""
    controls = [task for task in tasks if task.kind == "control_language"]
    if not controls:
        return list(tasks)
    drawn = controls[derive_seed(0, "language control", utterance) % len(controls)]
    return [task for task in tasks if task.kind != "control_language" or task == drawn]


TasksBySet = dict[str, list[SpeechTask]]


def tasks_by_set(settings: Mapping[str, list[Mapping[str, Any]]]) -> TasksBySet:
    """Tasks of each set of speech, from the settings of a specification."""
    return {id: [SpeechTask(**task) for task in tasks] for id, tasks in settings.items()}
