"""The same sentences in every voice of a language, and what the base hears: showing/<language>.parquet."""

import pandas as pd

from tauspeech.files import write_atomic
from tauspeech.job import Task, run


def main(task: Task) -> None:
    import torch

    from tauspeech.models.lesson import lesson
    from tauspeech.models.listener import Listener
    from tauspeech.models.whisper import load
    from tauspeech.speech import manifest

    torch.set_num_threads(task.threads)
    language = task.settings["language"]
    rows = [row for path in task.inputs("voiced").values() for row in manifest.read(path)]
    rows.sort(key=lambda row: (row["utterance"].rpartition("--")[0], int(row["utterance"].rpartition("--")[2])))
    listener = Listener(*load(task.input("base", ".")), task.settings)
    heard = listener.listen(rows, lesson("transcribe", language, language))
    shown = pd.DataFrame(
        [
            {"language": language, "sentence": row[language], "heard": text, "audio": row["audio"]["bytes"]}
            | {key: row[key] for key in ("voice", "engine", "seconds")}
            for row, text in zip(rows, heard, strict=True)
        ]
    )
    path = task.path(f"{task.id}.parquet")
    write_atomic(path, lambda part: shown.to_parquet(part, index=False))
    task.finish(path)


if __name__ == "__main__":
    run(main)
