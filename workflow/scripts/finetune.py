"""A fine-tune of a base model on the speech of one or several sets: models/<id>/."""

import json
import os

from tauspeech.runtime.files import write_folder, write_text
from tauspeech.runtime.job import Job, run


def main(job: Job) -> None:
    from tauspeech.data import manifest
    from tauspeech.models.devices import require_precision
    from tauspeech.models.tasks import tasks_by_set
    from tauspeech.training.finetuning import Finetuning, TrainingSets
    from tauspeech.training.rates import best_of
    from tauspeech.training.trainer import forget_checkpoints

    settings, base = job.settings, job.input("base", ".")
    require_precision(settings["precision"], "training.precision")
    sets = {id: manifest.read(path) for id, path in job.inputs("sets").items()}
    training_sets = TrainingSets(sets, tasks_by_set(settings["tasks"]), settings["share"])
    finetuning = Finetuning(base, training_sets, settings, job.seed)
    found = best_of(settings["learning_rate"], finetuning.at, job.checkpoints)
    if os.environ.get("RANK", "0") != "0":
        return  # of several processes the first one writes
    write_folder(job.path(), lambda folder: found.model.save_like(base, folder))
    history = job.path("training.json")
    write_text(history, json.dumps(found.history, indent=1) + "\n")
    job.finish(*sorted(file for file in job.path().iterdir() if file.is_file()))
    forget_checkpoints(job.checkpoints)


if __name__ == "__main__":
    run(main)
