"""Notes on a plan for its author: what a configuration does that may not be expected of it."""

import json
from collections.abc import Iterator
from pathlib import Path

from tauspeech.plan.jobs import Plan, PlannedJob
from tauspeech.plan.sources import model_type

ROUNDED = {"bf16": "1/256", "fp16": "1/2048"}  # of a weight
# By a model type that foundations have, too: tokens of the published models, at least. Those of foundations are far fewer.
PUBLISHED_TOKENS = {"whisper": 51_864, "parakeet_ctc": 1_024, "llama": 32_000}


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
    yield from _espeak_for_published_weights(plan)


def _espeak_for_published_weights(plan: Plan) -> Iterator[str]:
    bases = (job for job in plan.jobs.values() if job.stage == "base")
    speech = (job.settings for job in plan.jobs.values() if job.stage == "speech")
    languages = sorted({settings["language"] for settings in speech if settings["kind"] == "espeak"})
    for base in filter(None, map(_published, bases)):
        for language in languages:
            yield (
                f"key 'speech.voices.{language}' has voices of espeak-ng alone, and models with published weights, such as the "
                f"base {base}, often do not recognise these; the run checks that before any training and stops if they "
                "are not recognised; docs/generators.md has other voices"
            )


def _published(base: PlannedJob) -> str | None:
    """Name of a base with published weights, or weights trained from such: of the hub, or known by its configuration."""
    if base.settings["kind"] == "hub":
        return str(base.settings["model"])
    if base.settings["kind"] != "folder":
        return None
    path = str(base.settings["path"])
    folder = Path(path).expanduser()
    type_ = model_type(folder)
    return path if type_ and _tokens(folder) >= PUBLISHED_TOKENS.get(type_, 0) else None


def _tokens(folder: Path) -> int:
    try:
        return int(json.loads((folder / "config.json").read_text(encoding="utf-8")).get("vocab_size", 0))
    except (ValueError, TypeError, OSError):  # which the job reports
        return 0
