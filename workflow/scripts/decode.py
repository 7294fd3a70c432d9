"""What a model hears in its test sets: hypotheses/<model>/<set>.<task>.jsonl."""

import json

from tauspeech.files import write_text
from tauspeech.job import Task, run


def main(task: Task) -> None:
    import torch

    from tauspeech.models.listener import Listener, written_language
    from tauspeech.models.whisper import load
    from tauspeech.speech import manifest

    torch.set_num_threads(task.threads)
    settings = task.settings
    listener = Listener(*load(task.input("model", ".")), settings)
    outputs, folder = [], task.results / "hypotheses" / task.id.split("/")[0]
    for set_id, path in task.inputs("sets").items():
        rows = manifest.read(path, "test")
        for name in settings["tasks"][set_id]:
            language = written_language(name, settings)
            texts = listener.listen(rows, name)
            lines = [
                {"id": row["id"], "set": set_id, "task": name, "language": language, "word_id": row["word_id"],
                 "reference": row[language], "hypothesis": text}
                for row, text in zip(rows, texts, strict=True)
            ]  # fmt: skip
            output = folder / f"{set_id}.{name}.jsonl"
            write_text(output, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
            outputs.append(output)
            print(f"{set_id}, {name}: {len(lines)} utterances", flush=True)
        listener.forget(row["id"] for row in rows)
    task.finish(*outputs)


if __name__ == "__main__":
    run(main)
