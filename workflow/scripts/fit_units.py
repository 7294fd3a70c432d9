"""Centres by which speech becomes units: unit_centres/<id>/, with the name of the encoder that they belong to."""

from typing import Any

from tauspeech.runtime.files import write_folder
from tauspeech.runtime.job import Job, run


def main(job: Job) -> None:
    from tauspeech.data.audio import decode_audio
    from tauspeech.models.units.extractor import UnitExtractor, encoder_folder
    from tauspeech.models.units.fitting import centres_of
    from tauspeech.models.units.frames import open_frames

    settings, rows = job.settings, used_rows(job)
    encoder = open_frames(encoder_folder(settings["encoder"]), settings["layer"])
    speech = (decode_audio(row["audio"]["bytes"]) for row in rows)
    centres = centres_of(encoder, speech, len(rows), settings["units"], job.seed)
    extractor = UnitExtractor(settings["encoder"], settings["layer"], centres)
    write_folder(job.path(), extractor.save)
    job.finish(*sorted(file for file in job.path().iterdir() if file.is_file()))


def used_rows(job: Job) -> list[dict[str, Any]]:
    """Training utterances of all sets, the same number of each as far as there are so many."""
    from tauspeech.data import manifest

    paths = job.inputs("sets").values()
    each = -(-job.settings["utterances"] // len(paths))
    return [row for path in paths for row in manifest.first(path, "train", each)]


if __name__ == "__main__":
    run(main)
