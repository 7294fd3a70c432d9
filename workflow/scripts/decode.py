"""Hypotheses of a model for its test sets, or for another split of them: hypotheses/<model>/<set>.<task>.jsonl."""

import json

from tauspeech.runtime.files import write_text
from tauspeech.runtime.job import Job, run


def main(job: Job) -> None:
    from tauspeech.data import manifest
    from tauspeech.models.conversion import use_converted
    from tauspeech.models.decoding import Decoder, shared_features
    from tauspeech.models.dialogue.answers import details_of
    from tauspeech.models.encoder_states import shared_states
    from tauspeech.models.family import open_model
    from tauspeech.models.hints import hints_of_settings
    from tauspeech.models.tasks import tasks_by_set

    model = open_model(job.input("model", "."), job.settings.get("base_window"))
    is_converted = "converted" in job.spec["inputs"]
    hints = hints_of_settings(job.settings["hints"], job.choices()) if "hints" in job.settings else None
    decoder = Decoder(model, job.settings, shared_features(), None if is_converted else shared_states(), hints)
    tasks = tasks_by_set(job.settings["tasks"])
    if is_converted:
        use_converted(decoder.model, job.input("model", "."), job.input("converted", "."), job.threads)
    outputs, folder = [], job.results / "hypotheses" / job.settings["folder"]
    for set_id, path in job.inputs("sets").items():
        rows, before = manifest.read(path, job.settings.get("split", "test")), decoder.seconds
        for task, texts in zip(tasks[set_id], decoder.decode_tasks(rows, tasks[set_id]), strict=True):
            lines = [
                {"id": row["utterance"], "set": set_id, "task": task.kind, "language": task.text_language,
                 "word_id": row["word_id"], "reference": row[task.text_language], "hypothesis": text,
                 **details_of(text, row.get(task.source))}
                for row, text in zip(rows, texts, strict=True)
            ]  # fmt: skip
            output = folder / f"{set_id}.{task.kind}.jsonl"
            write_text(output, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
            outputs.append(output)
            print(f"{set_id}, {task.kind}: {len(lines)} utterances", flush=True)
        audio = sum(row["seconds"] for row in rows) * len(tasks[set_id])
        job.pace[set_id] = {"audio": round(audio, 2), "seconds": round(decoder.seconds - before, 3)}
    job.finish(*outputs)


if __name__ == "__main__":
    run(main)
