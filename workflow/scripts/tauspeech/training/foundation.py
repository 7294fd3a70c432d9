"""Training of a foundation: a small model from scratch."""

from importlib import import_module
from pathlib import Path
from typing import Any

from tauspeech.data import manifest
from tauspeech.models.devices import require_precision
from tauspeech.models.families import FAMILIES, beside
from tauspeech.models.family import SpeechModel
from tauspeech.models.foundation_sizes import SIZES
from tauspeech.models.tasks import SpeechTask, tasks_by_set
from tauspeech.runtime.job import Job
from tauspeech.training.examples import Examples
from tauspeech.training.trainer import forget_checkpoints, train


def train_foundation(job: Job, folder: Path) -> None:
    settings, size = job.settings, SIZES[job.settings["size"]]
    require_precision(settings["training"]["precision"], "training.precision")
    tasks = tasks_by_set(settings["tasks"])
    utterances: dict[str, list[tuple[dict[str, Any], list[SpeechTask]]]] = {"train": [], "validation": []}
    for id, path in job.inputs("speech").items():
        for split, found in utterances.items():
            found += [(row, tasks[id]) for row in manifest.read(path, split)]
    texts = (row[task.text_language] for row, found in utterances["train"] for task in found)
    family = import_module(beside(FAMILIES[size.model_type].module, "foundation"))
    units = {"languages": settings["languages"], "units": job.input("extractor", ".")} if size.units else {}
    model: SpeechModel = family.new_model(texts, size, job.seed, **units)
    ctc_weight = settings["training"].get("ctc")
    if ctc_weight:
        family.with_ctc_loss(model, ctc_weight)
    count = sum(weight.numel() for weight in model.network.parameters())
    print(f"{count:,} parameters, {len(utterances['train']):,} utterances", flush=True)
    train(
        model,
        Examples(utterances["train"], model),
        Examples(utterances["validation"], model),
        settings["training"],
        checkpoints=job.checkpoints,
        seed=job.seed,
    )
    if ctc_weight:
        family.without_ctc_loss(model)
    model.save(folder)
    forget_checkpoints(job.checkpoints)
