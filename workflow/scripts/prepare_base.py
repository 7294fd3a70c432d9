"""The base model of an experiment, as a folder in float32: models/base/."""

import json
from pathlib import Path
from typing import Any

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
    from tauspeech.training.trainer import forget_checkpoints, train

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
    forget_checkpoints(task.checkpoints)


def take(origin: Path, folder: Path) -> None:
    """Copy a model: its description byte for byte, its weights in float32, where small differences survive."""
    from tauspeech.vectors.checkpoint import read_weights, write_model

    described = json.loads((origin / "config.json").read_text(encoding="utf-8"))
    if described.get("model_type") != "whisper":
        raise UserError(f"{origin} is a {described.get('model_type')} model: key 'base' takes a Whisper model.")
    weights = read_weights(origin)
    write_model(
        origin, {name: each.float() if each.is_floating_point() else each for name, each in weights.items()}, folder
    )


def shipped(settings: dict[str, Any]) -> Path:
    origin = FOUNDATIONS / settings["size"]
    Receipt.read(origin / "receipt.json").files()
    return origin


def own_folder(settings: dict[str, Any]) -> Path:
    origin = Path(settings["path"]).expanduser()
    for name, digest in settings["files"].items():
        if sha256_file(origin / name) != digest:
            raise UserError(f"{origin / name} changed since this run was planned: run snakemake again.")
    return origin


def from_hub(settings: dict[str, Any]) -> Path:
    """The model's folder in the cache of the Hugging Face hub, downloaded if need be."""
    from huggingface_hub import constants, snapshot_download

    model, _, revision = settings["model"].partition("@")
    try:
        return Path(
            snapshot_download(model, revision=revision or None, allow_patterns=["*.json", "*.txt", "*.safetensors"])
        )
    except Exception as error:
        reason = str(error).splitlines()[0]
        raise UserError(
            f"the model {model} is not in the cache {constants.HF_HUB_CACHE} and cannot be downloaded ({reason}): check the name, "
            f"or run `hf download {model}` where there is a connection and copy the cache."
        ) from None


ORIGINS = {"shipped": shipped, "folder": own_folder, "hub": from_hub}


def main(task: Task) -> None:
    settings = task.settings

    def make(folder: Path) -> None:
        if settings["kind"] == "train":
            train_foundation(task, folder)
        else:
            take(ORIGINS[settings["kind"]](settings), folder)

    write_folder(task.path(), make)
    task.finish(*sorted(file for file in task.path().iterdir() if file.is_file()))


if __name__ == "__main__":
    run(main)
