"""What a model is to write of an utterance, and how Whisper is asked for it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Lesson:
    task: str  # transcribe or translate
    prompt: str  # the language token of Whisper's prompt
    written: str  # language of the text


def lesson(task: str, source: str, target: str) -> Lesson:
    if task == "transcribe":
        return Lesson(task, source, source)
    # Whisper was trained to translate into English, with the language that it hears in the prompt. For other
    # targets it is taught with the language that it is to write.
    return Lesson(task, source if target == "en" else target, target)


def lessons_by_set(asked: Mapping[str, list[Mapping[str, str]]]) -> dict[str, list[Lesson]]:
    """As specifications say it: for each set its tasks, each with source and target language."""
    return {id: [lesson(**each) for each in lessons] for id, lessons in asked.items()}
