"""Speech tasks: what a model is to write for an utterance."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class SpeechTask:
    """Transcription of speech, or its translation; languages are codes such as ``zh``."""

    kind: Literal["transcribe", "translate"]
    source: str
    target: str

    @property
    def text_language(self) -> str:
        """Language of the text: the speech's own for a transcript."""
        return self.source if self.kind == "transcribe" else self.target


TasksBySet = dict[str, list[SpeechTask]]


def tasks_by_set(settings: Mapping[str, list[Mapping[str, Any]]]) -> TasksBySet:
    """Tasks of each set of speech, from the settings of a specification."""
    return {id: [SpeechTask(**task) for task in tasks] for id, tasks in settings.items()}
