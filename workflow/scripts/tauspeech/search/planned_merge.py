"""The recipe of a planned merge: what ``tauspeech merge`` would be given, with paths relative to the results."""

import json
from typing import Any

from tauspeech.runtime.job import Task
from tauspeech.vectors.recipe import Recipe


def recipe_of(task: Task, scale: float) -> Recipe:
    vectors = [{"path": str(path.relative_to(task.results)), "id": id} for id, path in task.inputs("vectors").items()]
    content: dict[str, Any] = {
        "base": str(task.input("base", ".").relative_to(task.results)),
        "method": task.settings["method"],
        "options": task.settings["options"],
        "scale": scale,
        "vectors": _pruned(task, vectors) if "pruning" in task.settings else vectors,
        "seed": task.seed,
    }
    return Recipe.parse(content, task.results, f"{task.stage} '{task.id}'")


def _pruned(task: Task, vectors: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each vector at the ratios that were chosen for it."""
    method = task.settings["pruning"]
    ratios = {id: json.loads(path.read_text(encoding="utf-8")) for id, path in task.inputs("ratios").items()}
    return [
        {"merge": {"method": method, "options": ratios[each["id"]][method], "vectors": [each]}, "id": each["id"]}
        for each in vectors
    ]
