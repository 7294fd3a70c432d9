"""A merged model, as a folder that transformers loads: merged/<id>/; a sum of LoRA adapters also as an adapter in it."""

import shutil

from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import artifact_files
from tauspeech.runtime.job import Job, run


def main(job: Job) -> None:
    from tauspeech.runtime.pace import logged
    from tauspeech.search.planned_merge import adapter_recipe_of, recipe_of
    from tauspeech.vectors.execution import Execution
    from tauspeech.vectors.lora.config import ADAPTER_FOLDER
    from tauspeech.vectors.merging import merge

    recipe = recipe_of(job)
    shutil.rmtree(job.path(), ignore_errors=True)  # the result of an earlier merge with other settings
    merge(recipe, job.path(), Execution(job.threads, logged))
    if adapter := adapter_recipe_of(job):
        try:
            merge(adapter, job.path(ADAPTER_FOLDER), Execution(job.threads, logged))
        except UserError as error:
            shutil.rmtree(job.path(ADAPTER_FOLDER), ignore_errors=True)
            print(f"no {ADAPTER_FOLDER}/, only the model: {error}")
    print(f"{recipe.merge.method} of {', '.join(job.inputs('vectors'))} at scale {recipe.merge.scale:g}")
    job.finish(*artifact_files(job.path()))


if __name__ == "__main__":
    run(main)
