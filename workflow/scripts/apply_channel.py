"""Simulated recordings of a set of clean speech: recordings/<set>.parquet."""

from collections.abc import Iterator
from typing import Any

from tauspeech.data import manifest
from tauspeech.data.audio import decode_audio, encode_audio
from tauspeech.runtime.job import Job, run
from tauspeech.runtime.pace import Pace
from tauspeech.speech.channel.effects import through_channel


def main(job: Job) -> None:
    path = job.path(f"{job.id}.parquet")
    manifest.write(path, _recordings(job), job.settings["languages"])
    job.finish(path)


def _recordings(job: Job) -> Iterator[dict[str, Any]]:
    rows = manifest.read(job.input("speech"))
    pace = Pace("utterances", len(rows))
    for row in rows:
        samples = decode_audio(row["audio"]["bytes"])
        found = through_channel(samples, job.settings["channel"], job.seed, row["utterance"])
        yield row | {"audio": row["audio"] | {"bytes": encode_audio(found)}}
        pace.add()


if __name__ == "__main__":
    run(main)
