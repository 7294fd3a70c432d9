"""The weight of a merge, chosen on validation: weights/<merge>.json.

The smallest weight whose score lies within a tolerance of the best: it gives up least of the base.
"""

import json

from tauspeech.files import write_text
from tauspeech.job import Task, run


def choose(curve: dict[float, float], tolerance: float) -> float:
    best = max(curve.values())
    return min(weight for weight, score in curve.items() if score >= best - tolerance)


def main(task: Task) -> None:
    import torch

    from tauspeech.models.judging import validation_score
    from tauspeech.models.listener import Listener, written_language
    from tauspeech.models.whisper import load
    from tauspeech.speech import manifest
    from tauspeech.vectors.checkpoint import read_weights
    from tauspeech.vectors.merge import apply, combine
    from tauspeech.vectors.task_vector import TaskVector

    torch.set_num_threads(task.threads)
    settings, base = task.settings, task.input("base", ".")
    weights = read_weights(base)
    vectors = {id: TaskVector.load(path) for id, path in task.inputs("vectors").items()}
    phi = combine(settings["method"], vectors, dict.fromkeys(vectors, 1.0), settings["options"], task.seed)
    model, processor = load(base)
    listener = Listener(model, processor, settings)
    language = written_language(settings["task"], settings)
    sets = {id: manifest.read(path, "validation") for id, path in task.inputs("sets").items()}
    everything = [row for rows in sets.values() for row in rows]
    curve: dict[float, float] = {}
    for weight in settings["grid"]:
        model.load_state_dict(apply(weights, phi, weight), strict=False)
        heard = dict(zip((row["id"] for row in everything), listener.listen(everything, settings["task"]), strict=True))
        scores = [
            validation_score(
                settings["task"], language, [row[language] for row in rows], [heard[row["id"]] for row in rows]
            )
            for rows in sets.values()
        ]
        curve[weight] = sum(scores) / len(scores)
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
