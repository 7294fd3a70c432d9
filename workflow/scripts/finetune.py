"""A fine-tune of the base on the speech of one set, or of several jointly: models/<run>/."""

import json
import os

from tauspeech.runtime.files import write_folder, write_text
from tauspeech.runtime.job import Job, run


def main(job: Job) -> None:
    import torch

    from tauspeech.data import manifest
    from tauspeech.models.tasks import tasks_by_set
    from tauspeech.models.whisper.family import save_like
    from tauspeech.training.finetuning import Finetuning, TrainingSets
    from tauspeech.training.rates import best_of
    from tauspeech.training.trainer import forget_checkpoints

    torch.set_num_threads(job.threads)
    settings, base = job.settings, job.input("base", ".")
    sets = {id: manifest.read(path) for id, path in job.inputs("sets").items()}
    course = TrainingSets(sets, tasks_by_set(settings["lessons"]), settings["share"])
    finetuning = Finetuning(base, course, settings, job.seed)
    found = best_of(settings["learning_rate"], finetuning.at, job.checkpoints)
    if os.environ.get("RANK", "0") != "0":
        return  # of several processes the first one writes
    write_folder(job.path(), lambda folder: save_like(base, found.model, folder))
    history = job.path("training.json")
    write_text(history, json.dumps(found.history, indent=1) + "\n")
    job.finish(*sorted(file for file in job.path().iterdir() if file.is_file()))
    forget_checkpoints(job.checkpoints)


if __name__ == "__main__":
    run(main)
