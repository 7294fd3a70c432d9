"""Sources of a set's speech: a module each, with a function ``rows(job, drops, check)`` that yields manifest rows.

``check`` is the round-trip check, where the plan asks for it: it filters rows, and adds the others to ``drops``.
"""

from collections.abc import Callable
from typing import Any

from tauspeech.data.dropped_utterances import Drop
from tauspeech.runtime.job import Job

Check = Callable[[Job, list[dict[str, Any]], list[Drop]], list[dict[str, Any]]]
