"""A fine-tune of a base model on the speech of one or several sets: models/<id>/; or the user's own in its place."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from tauspeech.runtime.files import artifact_files, write_folder, write_text
from tauspeech.runtime.job import Job, run


def main(job: Job) -> None:
    write = imported(job) if "own" in job.settings else trained(job)
    if os.environ.get("RANK", "0") != "0":
        return  # of several processes the first one writes
    write_folder(job.path(), write)
    job.finish(*artifact_files(job.path()))
    shutil.rmtree(job.checkpoints, ignore_errors=True)


def imported(job: Job) -> Callable[[Path], None]:
    """Function that writes the user's fine-tune."""
    base = job.input("base", ".")
    return lambda folder: job.module.import_finetune(job.settings["own"], base, folder)


def trained(job: Job) -> Callable[[Path], None]:
    """Function that writes the model after a training, with the history of that."""
    from tauspeech.data import manifest
    from tauspeech.models.devices import require_precision
    from tauspeech.models.tasks import tasks_by_set
    from tauspeech.training.finetuning import Finetuning, TrainingSets
    from tauspeech.training.rates import best_of

    settings, base = job.settings, job.input("base", ".")
    require_precision(settings["precision"], "training.precision")
    chosen = chosen_rate(job)
    sets = {id: manifest.read(path) for id, path in job.inputs("sets").items()}
    training_sets = TrainingSets(sets, tasks_by_set(settings["tasks"]), settings["share"])
    finetuning = Finetuning(base, training_sets, settings, job.seed)
    found = best_of(chosen or settings["learning_rate"], finetuning.at, job.checkpoints)
    history = found.history | ({"learning_rate": chosen} if chosen else {})

    def write(folder: Path) -> None:
        found.part.save(base, folder)
        write_text(folder / "training.json", json.dumps(history, indent=1) + "\n")

    return write


def chosen_rate(job: Job) -> float | None:
    """The learning rate that another training has chosen from a list; None if the settings have the rates."""
    histories = job.inputs("searches", "training.json")
    if not histories:
        return None
    ((training, history),) = histories.items()
    rate: float = json.loads(history.read_text(encoding="utf-8"))[job.settings["learning_rate"]["choice"]]
    print(f"learning rate {rate:g}, as chosen in the training {training}", flush=True)
    return rate


if __name__ == "__main__":
    run(main)
