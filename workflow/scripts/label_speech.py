"""A set of speech with the base's hypotheses as its texts: pseudo_labels/<set>.parquet, and what was dropped.

The test split, whose texts are references, is left out.
"""

from tauspeech.data import manifest
from tauspeech.data.dropped_utterances import Drop, write_dropped
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.job import Job, run


def main(job: Job) -> None:
    from tauspeech.models.decoding import Decoder
    from tauspeech.models.family import open_model
    from tauspeech.models.tasks import SpeechTask

    settings, language = job.settings, job.settings["language"]
    decoder = Decoder(open_model(job.input("base", "."), settings.get("base_window")), settings)
    rows = [row for row in manifest.read(job.input("speech")) if row["split"] != "test"]
    texts = decoder.decode(rows, SpeechTask("transcribe", language, language))
    pairs = list(zip(rows, texts, strict=True))
    labelled = [row | {language: text} for row, text in pairs if _has_word(text)]
    drops = [
        Drop(row["split"], row["utterance"], "the base writes no word") for row, text in pairs if not _has_word(text)
    ]
    if without := {row["split"] for row in rows} - {row["split"] for row in labelled}:
        raise UserError(
            f"the base writes no word for any utterance of the split {min(without)}: give another base, or other audio."
        )
    path, report = job.path(f"{job.id}.parquet"), job.path(f"{job.id}.dropped.tsv")
    manifest.write(path, labelled, [language])
    write_dropped(report, drops)
    print(f"{job.id}: {len(labelled)} utterances labelled, {len(drops)} dropped")
    job.finish(path, report)


def _has_word(text: str) -> bool:
    return any(character.isalnum() for character in text)


if __name__ == "__main__":
    run(main)
