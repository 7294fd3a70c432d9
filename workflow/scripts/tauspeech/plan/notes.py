"""Notes on a plan for its author: what a configuration does that may not be expected of it."""

from collections.abc import Iterator

from tauspeech.plan.jobs import Plan

ROUNDED = {"bf16": "1/256", "fp16": "1/2048"}  # of a weight


def notes(plan: Plan) -> Iterator[str]:
    if plan.unfinished:
        yield plan.unfinished
    trained = {job.settings.get("precision") for job in plan.jobs.values() if job.stage == "finetune"}
    for precision, share in ROUNDED.items():
        if precision in trained:
            yield (
                f"key 'training.precision' is {precision}: the steps of such a training compute with rounded weights, in which "
                f"changes of less than {share} of a weight act too strongly or not at all; at small learning rates use fp32"
            )
