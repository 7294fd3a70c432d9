"""What a model is to write of an utterance, and how Whisper is asked for it."""

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
