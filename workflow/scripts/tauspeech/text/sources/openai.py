"""Sentences from a language model on a server with OpenAI's protocol."""

from typing import Any

from tauspeech.runtime.job import Job
from tauspeech.text.checks import Checker
from tauspeech.text.collected import Collected
from tauspeech.text.llm.http import ServedModel
from tauspeech.text.llm.sentences import collect_with


def chat_model(source: dict[str, Any]) -> ServedModel:
    return ServedModel(source)


def collect(job: Job, checker: Checker) -> Collected:
    return collect_with(chat_model(job.settings["source"]), job, checker)
