"""A merged model, as a folder that transformers loads: merged/<id>/."""

import shutil

from tauspeech.runtime.job import Job, run


def main(job: Job) -> None:
    from tauspeech.runtime.pace import logged
    from tauspeech.search.planned_merge import recipe_of
    from tauspeech.vectors.execution import Execution
    from tauspeech.vectors.merging import merge

    recipe = recipe_of(job)
    shutil.rmtree(job.path(), ignore_errors=True)  # the result of an earlier merge with other settings
    merge(recipe, job.path(), Execution(job.threads, logged))
    print(f"{recipe.merge.method} of {', '.join(job.inputs('vectors'))} at scale {recipe.merge.scale:g}")
    job.finish(*sorted(file for file in job.path().iterdir() if file.is_file() and file.name[0] != "."))


if __name__ == "__main__":
    run(main)
