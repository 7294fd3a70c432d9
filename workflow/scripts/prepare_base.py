"""The base model of an experiment, as a folder in float32: models/base/."""

from pathlib import Path
from typing import Any

from tauspeech.remote.hub import hub_folder
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import sha256_file, write_folder
from tauspeech.runtime.job import Job, run
from tauspeech.runtime.paths import FOUNDATIONS
from tauspeech.runtime.receipts import Receipt


def train_foundation(job: Job, folder: Path) -> None:
    from tauspeech.data import manifest
    from tauspeech.models.tasks import SpeechTask, tasks_by_set
    from tauspeech.models.whisper.foundation import SIZES, build_model, build_processor, save
    from tauspeech.training.examples import Examples
    from tauspeech.training.trainer import forget_checkpoints, train

    settings, size = job.settings, SIZES[job.settings["size"]]
    lessons = tasks_by_set(settings["lessons"])
    taught: dict[str, list[tuple[dict[str, Any], list[SpeechTask]]]] = {"train": [], "validation": []}
    for id, path in job.inputs("speech").items():
        for split, found in taught.items():
            found += [(row, lessons[id]) for row in manifest.read(path, split)]
    texts = (row[each.written] for row, asked in taught["train"] for each in asked)
    processor = build_processor(texts, size)
    model = build_model(processor, size, job.seed)
    print(
        f"{sum(weight.numel() for weight in model.parameters()):,} parameters, {len(taught['train']):,} utterances",
        flush=True,
    )
    train(
        model,
        Examples(taught["train"], processor, size.target),
        Examples(taught["validation"], processor, size.target),
        settings["training"],
        checkpoints=job.checkpoints,
        seed=job.seed,
    )
    save(model, processor, folder)
    forget_checkpoints(job.checkpoints)


def take(origin: Path, folder: Path) -> None:
    """Copy a model: its description byte for byte, its weights in float32, where small differences survive."""
    from tauspeech.models.folder import read_json
    from tauspeech.models.whisper.family import load
    from tauspeech.vectors.files.checkpoint import read_weights, write_model

    kind = read_json(origin / "config.json").get("model_type")
    if kind != "whisper":
        raise UserError(f"{origin} is a {kind} model: key 'base' takes a Whisper model.")
    weights = read_weights(origin)  # which refuses pickle, before anything else looks for weights
    for name, each in weights.items():
        if each.is_floating_point() and not each.isfinite().all():
            raise UserError(
                f"Tensor {name} of {origin} holds NaN or infinity: use a checkpoint from before it diverged."
            )
    load(origin)  # what is wrong with the rest is told here, and not by every job below
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
    return hub_folder(settings["model"])


ORIGINS = {"shipped": shipped, "folder": own_folder, "hub": from_hub}


def main(job: Job) -> None:
    settings = job.settings

    def make(folder: Path) -> None:
        if settings["kind"] == "train":
            train_foundation(job, folder)
        else:
            take(ORIGINS[settings["kind"]](settings), folder)

    write_folder(job.path(), make)
    job.finish(*sorted(file for file in job.path().iterdir() if file.is_file()))


if __name__ == "__main__":
    run(main)
