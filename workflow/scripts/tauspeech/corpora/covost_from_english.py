"""CoVoST 2 from English into another language, in the layouts of the other direction."""

import math
from collections.abc import Iterator
from typing import Any

from tauspeech.corpora import covost
from tauspeech.data.dropped_utterances import Drop
from tauspeech.runtime.job import Job


def rows(job: Job, dropped: list[Drop]) -> Iterator[dict[str, Any]]:
    """Yield rows up to the hours of each split; clips that cannot be used are appended to ``dropped``."""
    settings = job.settings
    spoken, target = settings["languages"]
    hours = {split: math.inf if found is None else found for split, found in settings["hours"].items()}
    source = settings["source"] | {"max_seconds": settings["longest"]}
    yield from covost.rows(source, spoken, hours, job.seed, dropped, target)
