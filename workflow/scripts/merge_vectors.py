"""A merged model, as a folder that transformers loads: merged/<merge>/."""

import json

from tauspeech.files import write_folder
from tauspeech.job import Task, run


def main(task: Task) -> None:
    from tauspeech.vectors.checkpoint import read_weights, write_model
    from tauspeech.vectors.merge import merge
    from tauspeech.vectors.task_vector import TaskVector

    settings, base = task.settings, task.input("base", ".")
    vectors = {id: TaskVector.load(path) for id, path in task.inputs("vectors").items()}
    weight = settings.get("weight")
    if weight is None:
        weight = json.loads(task.input("weight").read_text(encoding="utf-8"))["weight"]
    ones = dict.fromkeys(vectors, 1.0)
    merged = merge(read_weights(base), settings["method"], vectors, ones, settings["options"], task.seed, scale=weight)
    write_folder(task.path(), lambda folder: write_model(base, merged, folder))
    print(f"{settings['method']} of {', '.join(vectors)} at weight {weight:g}")
    task.finish(*sorted(file for file in task.path().iterdir() if file.is_file()))


if __name__ == "__main__":
    run(main)
