"""Voice samples of a language: the same sentences in every voice, with the base's hypotheses: voice_samples/<language>.parquet."""

import pandas as pd

from tauspeech.runtime.files import write_atomic
from tauspeech.runtime.job import Job, run


def main(job: Job) -> None:
    from tauspeech.data import manifest
    from tauspeech.models.decoding import Decoder
    from tauspeech.models.family import open_model
    from tauspeech.models.round_trip import TOO_LONG
    from tauspeech.models.tasks import SpeechTask

    language = job.settings["language"]
    rows = [row for path in job.inputs("tts").values() for row in manifest.read(path)]
    rows.sort(key=lambda row: (row["utterance"].rpartition("--")[0], int(row["utterance"].rpartition("--")[2])))
    decoder = Decoder(open_model(job.input("base", "."), job.settings.get("base_window")), job.settings)
    fitting = [row for row in rows if decoder.fits_window(row)]
    texts = decoder.decode(fitting, SpeechTask("transcribe", language, language))
    hypotheses = {row["utterance"]: text for row, text in zip(fitting, texts, strict=True)}
    samples = pd.DataFrame(
        [
            {"language": language, "sentence": row[language], "audio": row["audio"]["bytes"]}
            | {"hypothesis": hypotheses.get(row["utterance"], f"({TOO_LONG})")}
            | {key: row[key] for key in ("voice", "engine", "seconds")}
            for row in rows
        ]
    )
    path = job.path(f"{job.id}.parquet")
    write_atomic(path, lambda part: samples.to_parquet(part, index=False))
    job.finish(path)


if __name__ == "__main__":
    run(main)
