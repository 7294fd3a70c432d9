"""Set with espeak-ng as its only engine: synthesised directly, without a tts job, because it is fast."""

from collections.abc import Iterator
from typing import Any

from tauspeech.data.dropped_utterances import Drop
from tauspeech.data.selection import within
from tauspeech.data.tables import read_table
from tauspeech.runtime.job import Job
from tauspeech.runtime.pace import Pace
from tauspeech.speech import espeak_library, espeak_pool
from tauspeech.speech.sets import Check
from tauspeech.speech.utterances import Utterance, spoken, voice_id


def rows(job: Job, drops: list[Drop], check: Check | None) -> Iterator[dict[str, Any]]:
    """Rows of the manifest, limited to the hours of each split if those are given."""
    sentences, hours = spoken(read_table(job.input("text")), job.settings), job.settings["hours"]
    for split in dict.fromkeys(row["split"] for row in sentences):
        synthesised = _synthesised(job, [row for row in sentences if row["split"] == split], drops)
        yield from within(synthesised, hours[split]) if hours else synthesised


def _synthesised(job: Job, sentences: list[dict[str, str]], drops: list[Drop]) -> Iterator[dict[str, Any]]:
    settings, engine = job.settings, espeak_library.version()
    utterances = [Utterance(voice_id(row["utterance"]), row[settings["language"]]) for row in sentences]
    results = espeak_pool.synthesise(utterances, settings, job.seed, job.threads)
    pace = Pace("utterances", len(sentences))
    for row, result in zip(sentences, results, strict=True):
        pace.add()
        if result.unusable:
            drops.append(Drop(row["split"], row["utterance"], result.unusable))
        else:
            yield result.row(row, engine)
