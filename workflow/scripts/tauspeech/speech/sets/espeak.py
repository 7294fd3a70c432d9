"""A set that espeak-ng says alone: it costs so little that no stage of its own keeps it."""

from collections.abc import Iterator
from typing import Any

from tauspeech.data.selection import within
from tauspeech.data.dropped import Drop
from tauspeech.runtime.job import Task
from tauspeech.runtime.pace import Pace
from tauspeech.speech import espeak_library
from tauspeech.speech import espeak_pool
from tauspeech.data import manifest
from tauspeech.speech.utterances import Utterance, voice_id
from tauspeech.data.tables import read_table


def rows(task: Task, drops: list[Drop]) -> Iterator[dict[str, Any]]:
    """Of each split as many as its hours hold, where those are given."""
    sentences, hours = read_table(task.input("text")), task.settings["hours"]
    for split in dict.fromkeys(row["split"] for row in sentences):
        said = _spoken(task, [row for row in sentences if row["split"] == split], drops)
        yield from within(said, hours[split]) if hours else said


def _spoken(task: Task, sentences: list[dict[str, str]], drops: list[Drop]) -> Iterator[dict[str, Any]]:
    settings, engine = task.settings, espeak_library.version()
    utterances = [Utterance(voice_id(row["utterance"]), row[settings["language"]]) for row in sentences]
    voiced = espeak_pool.synthesise(utterances, settings, task.seed, task.threads)
    pace = Pace("utterances", len(sentences))
    for row, voice in zip(sentences, voiced, strict=True):
        pace.add()
        if voice.unusable:
            drops.append(Drop(row["split"], row["utterance"], voice.unusable))
        else:
            yield manifest.row(row, voice, engine)
