"""The weight of a merge, chosen on validation: weights/<merge>.json.

The smallest weight whose score lies within a tolerance of the best: it gives up least of the base.
"""

import json

from tauspeech.runtime.files import write_text
from tauspeech.runtime.job import Task, run


def choose(curve: dict[float, float], tolerance: float) -> float:
    best = max(curve.values())
    return min(weight for weight, score in curve.items() if score >= best - tolerance)


def main(task: Task) -> None:
    import torch

    from tauspeech.models.validation import mean_score
    from tauspeech.models.tasks import lessons_by_set
    from tauspeech.models.decoding import Listener
    from tauspeech.models.whisper.family import load, put
    from tauspeech.runtime.pace import logged
    from tauspeech.search.planned_merge import recipe_of
    from tauspeech.data import manifest
    from tauspeech.vectors.sources import Sources
    from tauspeech.vectors.sweep import Sweep
    from tauspeech.vectors.execution import Work

    torch.set_num_threads(task.threads)
    settings = task.settings
    sources = Sources(recipe_of(task, scale=1.0), Work(task.threads, logged))
    sweep = Sweep(sources.base, sources.phi(), sources.work)
    model, processor = load(task.input("base", "."))
    listener = Listener(model, processor, settings)
    lessons = lessons_by_set(settings["lessons"])
    sets = {id: manifest.read(path, "validation") for id, path in task.inputs("sets").items()}
    curve: dict[float, float] = {}
    for weight in settings["grid"]:
        put(model, sweep.at(weight))
        curve[weight] = mean_score(listener, sets, lessons)
        print(f"weight {weight:g}: {curve[weight]:.2f}", flush=True)
    content = {
        "weight": choose(curve, settings["tolerance"]),
        "curve": [{"weight": weight, "score": score} for weight, score in curve.items()],
    }
    path = task.path(f"{task.id}.json")
    write_text(path, json.dumps(content, indent=1) + "\n")
    task.finish(path)


if __name__ == "__main__":
    run(main)
