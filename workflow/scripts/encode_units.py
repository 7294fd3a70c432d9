"""Units of a set of speech, with its texts and without its audio: units/<set>.parquet."""

from collections.abc import Iterator
from typing import Any

from tauspeech.runtime.job import Job, run


def main(job: Job) -> None:
    from tauspeech.data import manifest

    path = job.path(f"{job.id}.parquet")
    manifest.write(path, _encoded(job), job.settings["languages"], units=True)
    job.finish(path)


def _encoded(job: Job) -> Iterator[dict[str, Any]]:
    from tauspeech.data import manifest
    from tauspeech.data.audio import decode_audio
    from tauspeech.models.units.extractor import open_extractor
    from tauspeech.runtime.pace import Pace

    extractor = open_extractor(job.input("extractor", "."))
    rows = manifest.read(job.input("speech"))
    pace = Pace("utterances", len(rows))
    for row in rows:
        audio = row.pop("audio")
        yield row | {"units": extractor.units(decode_audio(audio["bytes"])).tolist()}
        pace.add()


if __name__ == "__main__":
    run(main)
