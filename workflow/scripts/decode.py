"""What a model hears in its test sets: hypotheses/<model>/<set>.<task>.jsonl."""

import json

from tauspeech.runtime.files import write_text
from tauspeech.runtime.job import Task, run


def main(task: Task) -> None:
    import torch

    from tauspeech.models.tasks import lessons_by_set
    from tauspeech.models.decoding import Listener
    from tauspeech.models.whisper.family import load
    from tauspeech.data import manifest

    torch.set_num_threads(task.threads)
    listener = Listener(*load(task.input("model", ".")), task.settings)
    lessons = lessons_by_set(task.settings["lessons"])
    outputs, folder = [], task.results / "hypotheses" / task.id.split("/")[0]
    for set_id, path in task.inputs("sets").items():
        rows = manifest.read(path, "test")
        for asked in lessons[set_id]:
            texts = listener.listen(rows, asked)
            lines = [
                {"id": row["utterance"], "set": set_id, "task": asked.task, "language": asked.written,
                 "word_id": row["word_id"], "reference": row[asked.written], "hypothesis": text}
                for row, text in zip(rows, texts, strict=True)
            ]  # fmt: skip
            output = folder / f"{set_id}.{asked.task}.jsonl"
            write_text(output, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
            outputs.append(output)
            print(f"{set_id}, {asked.task}: {len(lines)} utterances", flush=True)
        listener.forget(row["utterance"] for row in rows)
    task.finish(*outputs)


if __name__ == "__main__":
    run(main)
