"""A fine-tune of the base on the speech of one set, or of several jointly: models/<run>/."""

import json
import os

from tauspeech.runtime.files import write_folder, write_text
from tauspeech.runtime.job import Task, run


def main(task: Task) -> None:
    import torch

    from tauspeech.models.tasks import lessons_by_set
    from tauspeech.models.whisper.family import save_like
    from tauspeech.data import manifest
    from tauspeech.training.finetuning import Course, Finetuning
    from tauspeech.training.rates import best_of
    from tauspeech.training.trainer import forget_checkpoints

    torch.set_num_threads(task.threads)
    settings, base = task.settings, task.input("base", ".")
    sets = {id: manifest.read(path) for id, path in task.inputs("sets").items()}
    course = Course(sets, lessons_by_set(settings["lessons"]), settings["share"])
    finetuning = Finetuning(base, course, settings, task.seed)
    found = best_of(settings["learning_rate"], finetuning.at, task.checkpoints)
    if os.environ.get("RANK", "0") != "0":
        return  # of several processes the first one writes
    write_folder(task.path(), lambda folder: save_like(base, found.model, folder))
    history = task.path("training.json")
    write_text(history, json.dumps(found.history, indent=1) + "\n")
    task.finish(*sorted(file for file in task.path().iterdir() if file.is_file()))
    forget_checkpoints(task.checkpoints)


if __name__ == "__main__":
    run(main)
