"""How much pruning leaves of a vector, chosen on validation: ratios/<vector>.json.

Of singular values (svd), of entries (magnitude), and of both (lors), each tried by itself on the base with this one
vector; where several are best, the one that keeps least.
"""

import json
from typing import Any

from tauspeech.runtime.files import write_text
from tauspeech.runtime.job import Task, run

Point = dict[str, Any]  # method, rank, keep, score


def points(ranks: list[float], keeps: list[float]) -> list[Point]:
    """What is tried; a method's options are the ratios that are not 0."""
    singular = [{"method": "svd", "rank": rank, "keep": 0.0} for rank in ranks]
    entries = [{"method": "magnitude", "rank": 0.0, "keep": keep} for keep in keeps]
    both = [{"method": "lors", "rank": rank, "keep": keep} for rank in ranks for keep in keeps]
    return singular + entries + both


def best(tried: list[Point]) -> dict[str, float]:
    """Options of the best point."""
    point = min(tried, key=lambda each: (-each["score"], each["keep"] + each["rank"], each["keep"]))
    return {key: point[key] for key in ("rank", "keep") if point[key]}


def main(task: Task) -> None:
    import torch

    from tauspeech.models.validation import mean_score
    from tauspeech.models.tasks import lessons_by_set
    from tauspeech.models.decoding import Listener
    from tauspeech.models.whisper.family import load, put
    from tauspeech.runtime.pace import logged
    from tauspeech.search.planned_merge import recipe_of
    from tauspeech.data import manifest
    from tauspeech.vectors.prunings import Prunings
    from tauspeech.vectors.execution import Work

    torch.set_num_threads(task.threads)
    settings = task.settings
    prunings = Prunings(recipe_of(task, scale=1.0), settings["ranks"], settings["keeps"], Work(task.threads, logged))
    model, processor = load(task.input("base", "."))
    listener = Listener(model, processor, settings)
    lessons = lessons_by_set(settings["lessons"])
    sets = {id: manifest.read(path, "validation") for id, path in task.inputs("sets").items()}
    tried = points(settings["ranks"], settings["keeps"])
    for point in tried:
        put(model, prunings.at(point["rank"], point["keep"]))
        point["score"] = mean_score(listener, sets, lessons)
        print(f"{point['method']} rank {point['rank']:g} keep {point['keep']:g}: {point['score']:.2f}", flush=True)
    by_method = {each["method"]: [point for point in tried if point["method"] == each["method"]] for each in tried}
    path = task.path(f"{task.id}.json")
    content = {method: best(found) for method, found in by_method.items()} | {"curve": tried}
    write_text(path, json.dumps(content, indent=1) + "\n")
    task.finish(path)


if __name__ == "__main__":
    run(main)
