"""The same sentences in every voice of a language, and what the base hears: showing/<language>.parquet."""

import pandas as pd

from tauspeech.runtime.files import write_atomic
from tauspeech.runtime.job import Task, run


def main(task: Task) -> None:
    import torch

    from tauspeech.models.tasks import lesson
    from tauspeech.models.decoding import Listener
    from tauspeech.models.whisper.family import load
    from tauspeech.data import manifest
    from tauspeech.speech.sets.gathered import TOO_LONG

    torch.set_num_threads(task.threads)
    language = task.settings["language"]
    rows = [row for path in task.inputs("voiced").values() for row in manifest.read(path)]
    rows.sort(key=lambda row: (row["utterance"].rpartition("--")[0], int(row["utterance"].rpartition("--")[2])))
    listener = Listener(*load(task.input("base", ".")), task.settings)
    short = [row for row in rows if listener.hears(row)]
    texts = listener.listen(short, lesson("transcribe", language, language))
    heard = {row["utterance"]: text for row, text in zip(short, texts, strict=True)}
    shown = pd.DataFrame(
        [
            {"language": language, "sentence": row[language], "audio": row["audio"]["bytes"]}
            | {"heard": heard.get(row["utterance"], f"({TOO_LONG})")}
            | {key: row[key] for key in ("voice", "engine", "seconds")}
            for row in rows
        ]
    )
    path = task.path(f"{task.id}.parquet")
    write_atomic(path, lambda part: shown.to_parquet(part, index=False))
    task.finish(path)


if __name__ == "__main__":
    run(main)
