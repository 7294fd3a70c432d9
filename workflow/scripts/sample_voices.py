"""The same sentences in every voice of a language, and what the base hears: showing/<language>.parquet."""

import pandas as pd

from tauspeech.runtime.files import write_atomic
from tauspeech.runtime.job import Job, run


def main(job: Job) -> None:
    import torch

    from tauspeech.data import manifest
    from tauspeech.models.decoding import Decoder
    from tauspeech.models.tasks import speech_task
    from tauspeech.models.whisper.family import load
    from tauspeech.speech.sets.gathered import TOO_LONG

    torch.set_num_threads(job.threads)
    language = job.settings["language"]
    rows = [row for path in job.inputs("voiced").values() for row in manifest.read(path)]
    rows.sort(key=lambda row: (row["utterance"].rpartition("--")[0], int(row["utterance"].rpartition("--")[2])))
    decoder = Decoder(*load(job.input("base", ".")), job.settings)
    short = [row for row in rows if decoder.fits_window(row)]
    texts = decoder.decode(short, speech_task("transcribe", language, language))
    heard = {row["utterance"]: text for row, text in zip(short, texts, strict=True)}
    shown = pd.DataFrame(
        [
            {"language": language, "sentence": row[language], "audio": row["audio"]["bytes"]}
            | {"heard": heard.get(row["utterance"], f"({TOO_LONG})")}
            | {key: row[key] for key in ("voice", "engine", "seconds")}
            for row in rows
        ]
    )
    path = job.path(f"{job.id}.parquet")
    write_atomic(path, lambda part: shown.to_parquet(part, index=False))
    job.finish(path)


if __name__ == "__main__":
    run(main)
