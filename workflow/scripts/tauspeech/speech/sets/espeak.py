"""A set that espeak-ng says alone: it costs so little that no stage of its own keeps it."""

from collections.abc import Iterator
from typing import Any

from tauspeech.data.dropped import Drop
from tauspeech.data.selection import within
from tauspeech.data.tables import read_table
from tauspeech.runtime.job import Job
from tauspeech.runtime.pace import Pace
from tauspeech.speech import espeak_library, espeak_pool
from tauspeech.speech.sets import Check
from tauspeech.speech.utterances import Utterance, voice_id


def rows(job: Job, drops: list[Drop], check: Check | None) -> Iterator[dict[str, Any]]:
    """Of each split as many as its hours hold, where those are given."""
    sentences, hours = read_table(job.input("text")), job.settings["hours"]
    for split in dict.fromkeys(row["split"] for row in sentences):
        said = _spoken(job, [row for row in sentences if row["split"] == split], drops)
        yield from within(said, hours[split]) if hours else said


def _spoken(job: Job, sentences: list[dict[str, str]], drops: list[Drop]) -> Iterator[dict[str, Any]]:
    settings, engine = job.settings, espeak_library.version()
    utterances = [Utterance(voice_id(row["utterance"]), row[settings["language"]]) for row in sentences]
    voiced = espeak_pool.synthesise(utterances, settings, job.seed, job.threads)
    pace = Pace("utterances", len(sentences))
    for row, voice in zip(sentences, voiced, strict=True):
        pace.add()
        if voice.unusable:
            drops.append(Drop(row["split"], row["utterance"], voice.unusable))
        else:
            yield voice.row(row, engine)
