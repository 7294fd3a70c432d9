"""Answers of a speech LLM: a transcript, and behind the tokens of a language and a task a translation."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from tauspeech.models.dialogue.tokens import END_ANSWER, LANGUAGE, MARKS, TASK_TOKENS, language_token
from tauspeech.models.tasks import SpeechTask

_CONTROL = re.compile("|".join([*map(re.escape, MARKS), r"<\d+>"]))
_TOKEN = re.compile("|".join([LANGUAGE.pattern, *TASK_TOKENS.values()]))


@dataclass(frozen=True)
class Answer:
    """Parts of an answer. ``complete`` is False where a part that the task asks for is missing or in the wrong place."""

    transcript: str
    language: str | None  # by its token
    translation: str
    complete: bool


class AnswerText(str):
    """The part of an answer that a task is about, with what else the answer says."""

    details: dict[str, Any]

    @classmethod
    def of(cls, answer: Answer, task: SpeechTask) -> "AnswerText":
        translated = task.kind in ("translate", "translate_text")
        text = cls(answer.translation if translated else answer.transcript)
        text.details = {"transcript": answer.transcript, "written": answer.language, "complete": answer.complete}
        return text


def details_of(text: str, spoken: str | None) -> dict[str, Any]:
    """Other parts of the answer that a text is taken from: transcript, language by its token, and whether it is complete.

    Beside the transcript stands what was ``spoken``, its reference.
    """
    return text.details | {"spoken": spoken} if isinstance(text, AnswerText) else {}


def answer_text(texts: Mapping[str, str], task: SpeechTask) -> str:
    """The answer that is taught for an utterance with these texts by language."""
    end = {"translate": f"{texts[task.source]} ", "translate_text": ""}
    if task.kind in end:
        return f"{end[task.kind]}{language_token(task.target)}{TASK_TOKENS[task.kind]} {texts[task.target]}"
    if task.kind == "control_language":
        return f"{texts[task.source]} {language_token(task.target)}"
    return texts[task.source]


def ends_answer(task: SpeechTask) -> bool:
    """False for language control, whose answer is the beginning of a translation's: that it would end there is not taught."""
    return task.kind != "control_language"


def read_answer(answer: str, task: SpeechTask, languages: Collection[str]) -> Answer:
    """Parts of an answer, whatever a model wrote: tokens twice, in another order, of other languages, or none.

    The first token of a known language ends the transcript. What follows it, without the task's token, is the translation up to
    the next control token.
    """
    text = answer.partition(END_ANSWER)[0]
    known = {*languages, task.target}
    language = next((found for found in LANGUAGE.finditer(text) if found[1] in known), None)
    head, behind = (text[: language.start()], text[language.end() :]) if language else (text, "")
    marker = TASK_TOKENS.get(task.kind, "")
    marked = bool(marker) and behind.lstrip().startswith(marker)
    translation = behind.lstrip().removeprefix(marker) if marked else behind
    transcript, translation = _plain(head), _plain(translation)
    complete = {
        "transcribe": bool(transcript),
        "translate": bool(transcript and language and marked and translation),
        "translate_text": bool(language and marked and translation),
        "control_language": bool(transcript and language),
    }[task.kind]
    return Answer(transcript, language[1] if language else None, translation, complete)


def _plain(text: str) -> str:
    """Text up to the first control token, without tokens of languages and tasks."""
    kept = _CONTROL.split(text, maxsplit=1)[0]
    return " ".join(_TOKEN.sub(" ", kept).split())
