"""Configurations of the experiment, with recordings of two short sounds, in a folder of their own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tauspeech.data.audio import RATE, encode_audio
from tauspeech.plan.config import complete
from tauspeech.plan.index import _plan_of
from tauspeech.plan.jobs import Plan
from tests.plan.small import folder

__all__ = ["folder"]


@pytest.fixture
def recordings(folder: Path) -> str:
    for number in range(2):
        samples = 0.1 * np.random.default_rng(number).standard_normal(RATE)
        (folder / f"{number}.flac").write_bytes(encode_audio(samples))
    rows = ["file\tsplit\ten", "0.flac\tvalidation\tA long sentence.", "1.flac\ttest\tA short one."]
    (folder / "speech.tsv").write_text("\n".join([*rows, ""]), encoding="utf-8")
    return "speech.tsv"


@pytest.fixture
def plan(folder: Path, recordings: str) -> Callable[..., Plan]:
    """The plan of a small configuration, with some keys of its own."""

    def make(**keys: Any) -> Plan:
        basis = {"name": "t", "experiment": "negative_vectors", "base": "base", "recordings": recordings}
        if not (folder / "base").exists():
            (folder / "base").mkdir()
            (folder / "base/config.json").write_text('{"model_type": "whisper"}', encoding="utf-8")
        basis |= {"no_speech": {"train": 6, "validation": 2, "test": 3, "seconds": 2}}
        basis |= {"subtraction": {"weights": [0.5, 1]}}
        return _plan_of(complete(basis | keys, "c.yaml"), folder / "results" / "t")

    return make
