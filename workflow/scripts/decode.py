"""What a model hears in its test sets: hypotheses/<model>/<set>.<task>.jsonl."""

import json

from tauspeech.runtime.files import write_text
from tauspeech.runtime.job import Job, run


def main(job: Job) -> None:
    import torch

    from tauspeech.data import manifest
    from tauspeech.models.decoding import Decoder
    from tauspeech.models.tasks import tasks_by_set
    from tauspeech.models.whisper.family import load

    torch.set_num_threads(job.threads)
    decoder = Decoder(*load(job.input("model", ".")), job.settings)
    lessons = tasks_by_set(job.settings["lessons"])
    outputs, folder = [], job.results / "hypotheses" / job.id.split("/")[0]
    for set_id, path in job.inputs("sets").items():
        rows = manifest.read(path, "test")
        for asked in lessons[set_id]:
            texts = decoder.decode(rows, asked)
            lines = [
                {"id": row["utterance"], "set": set_id, "task": asked.task, "language": asked.written,
                 "word_id": row["word_id"], "reference": row[asked.written], "hypothesis": text}
                for row, text in zip(rows, texts, strict=True)
            ]  # fmt: skip
            output = folder / f"{set_id}.{asked.task}.jsonl"
            write_text(output, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
            outputs.append(output)
            print(f"{set_id}, {asked.task}: {len(lines)} utterances", flush=True)
        decoder.forget(row["utterance"] for row in rows)
    job.finish(*outputs)


if __name__ == "__main__":
    run(main)
