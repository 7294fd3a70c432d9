"""Time of a training over several attempts: what the attempts before have taken up to their last checkpoint."""

import json
import time
from pathlib import Path

from tauspeech.runtime.files import write_text

_CHECKPOINTS = "**/checkpoint-*/trainer_state.json"  # the Trainer writes this file last


def seconds_before(folder: Path) -> float:
    """Seconds of the attempts before this one, which begins now; 0 where they left no checkpoint in the folder."""
    saved = max((path.stat().st_mtime for path in folder.glob(_CHECKPOINTS)), default=None)
    file = folder / ".attempts.json"
    before = 0.0
    if saved is not None:
        try:
            last = json.loads(file.read_text(encoding="utf-8"))
            # A checkpoint that is older than the last attempt: that attempt has saved nothing.
            before = last["before"] + max(0.0, saved - last["begun"])
        except (OSError, ValueError, KeyError, TypeError):
            before = 0.0
    write_text(file, json.dumps({"before": round(before, 1), "begun": time.time()}) + "\n")
    return before
