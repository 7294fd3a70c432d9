"""A merged model, as a folder that transformers loads: merged/<merge>/."""

import json
import shutil

from tauspeech.runtime.job import Task, run


def main(task: Task) -> None:
    from tauspeech.runtime.pace import logged
    from tauspeech.search.planned_merge import recipe_of
    from tauspeech.vectors.merging import merge
    from tauspeech.vectors.execution import Work

    weight = task.settings.get("weight")
    if weight is None:
        weight = json.loads(task.input("weight").read_text(encoding="utf-8"))["weight"]
    recipe = recipe_of(task, scale=weight)
    shutil.rmtree(task.path(), ignore_errors=True)  # what is left of a merge with other settings
    merge(recipe, task.path(), Work(task.threads, logged))
    print(f"{recipe.mixture.method} of {', '.join(task.inputs('vectors'))} at weight {weight:g}")
    task.finish(*sorted(file for file in task.path().iterdir() if file.is_file() and file.name[0] != "."))


if __name__ == "__main__":
    run(main)
