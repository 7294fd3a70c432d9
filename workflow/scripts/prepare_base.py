"""The base model of an experiment, as a folder in float32: models/base/."""

import shutil
from pathlib import Path

from tauspeech.errors import UserError
from tauspeech.files import sha256_file, write_folder
from tauspeech.job import Task, run
from tauspeech.paths import FOUNDATIONS
from tauspeech.receipts import Receipt


def train_foundation(task: Task, folder: Path) -> None:
    from tauspeech.models.foundation import SIZES, build_model, build_processor, save
    from tauspeech.models.lesson import lesson
    from tauspeech.speech import manifest
    from tauspeech.training.examples import Examples
    from tauspeech.training.trainer import train

    settings, size = task.settings, SIZES[task.settings["size"]]
    source, target = settings["source"], settings["target"]
    rows = manifest.read(task.input("speech"))
    lessons = [lesson("transcribe", source, target)]
    if target != source:
        lessons.append(lesson("translate", source, target))
    train_rows = [row for row in rows if row["split"] == "train"]
    processor = build_processor((row[each.written] for row in train_rows for each in lessons), size)
    model = build_model(processor, size, task.seed)
    print(
        f"{sum(weight.numel() for weight in model.parameters()):,} parameters, {len(train_rows):,} utterances",
        flush=True,
    )
    validation = [row for row in rows if row["split"] == "validation"]
    train(
        model,
        Examples(train_rows, lessons, processor, size.target),
        Examples(validation, lessons, processor, size.target),
        settings["training"],
        checkpoints=task.checkpoints,
        seed=task.seed,
    )
    save(model, processor, folder)


def take_shipped(task: Task, folder: Path) -> None:
    """A shipped foundation is stored in half precision; it works in float32 from here on."""
    from tauspeech.models.foundation import save
    from tauspeech.models.whisper import load

    origin = FOUNDATIONS / task.settings["size"]
    Receipt.read(origin / "receipt.json").files()
    save(*load(origin), folder)


def take_folder(task: Task, folder: Path) -> None:
    origin = Path(task.settings["path"]).expanduser()
    for name, digest in task.settings["files"].items():
        if sha256_file(origin / name) != digest:
            raise UserError(f"{origin / name} changed since this run was planned: run snakemake again.")
    take_hub(str(origin), folder)


def take_hub(model_id: str, folder: Path) -> None:
    from tauspeech.models.whisper import load

    model, processor = load(model_id)
    model.save_pretrained(folder, max_shard_size="100GB")
    processor.save_pretrained(folder)


def main(task: Task) -> None:
    settings = task.settings

    def make(folder: Path) -> None:
        if settings["kind"] == "train":
            train_foundation(task, folder)
        elif settings["kind"] == "shipped":
            take_shipped(task, folder)
        elif settings["kind"] == "folder":
            take_folder(task, folder)
        else:
            take_hub(settings["model"], folder)

    write_folder(task.path(), make)
    task.finish(*sorted(file for file in task.path().iterdir() if file.is_file()))
    shutil.rmtree(task.checkpoints, ignore_errors=True)


if __name__ == "__main__":
    run(main)
