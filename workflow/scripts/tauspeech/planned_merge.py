"""The recipe of a planned merge: what ``tauspeech merge`` would be given, with paths relative to the results."""

from typing import Any

from tauspeech.job import Task
from tauspeech.vectors.recipe import Recipe


def recipe_of(task: Task, scale: float) -> Recipe:
    vectors = [{"path": str(path.relative_to(task.results)), "id": id} for id, path in task.inputs("vectors").items()]
    content: dict[str, Any] = {
        "base": str(task.input("base", ".").relative_to(task.results)),
        "method": task.settings["method"],
        "options": task.settings["options"],
        "scale": scale,
        "vectors": vectors,
        "seed": task.seed,
    }
    return Recipe.parse(content, task.results, f"{task.stage} '{task.id}'")
