"""Sentences from a language model in memory."""

from typing import Any

from tauspeech.runtime.job import Task
from tauspeech.text.checks import Checker
from tauspeech.text.collected import Collected
from tauspeech.text.llm.local import LocalModel
from tauspeech.text.llm.sentences import collect_with


def chat_model(source: dict[str, Any]) -> LocalModel:
    return LocalModel(source)


def collect(task: Task, checker: Checker) -> Collected:
    return collect_with(chat_model(task.settings["source"]), task, checker)
