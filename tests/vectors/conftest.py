"""A place for model folders, and the engine at work on them."""

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tauspeech.vectors import merge_receipt
from tests.vectors.lab import Lab


@pytest.fixture(scope="package", autouse=True)
def no_waiting() -> Iterator[None]:
    """For disks, since nothing here cuts the power, and for what is the same in all receipts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        patch.setattr(merge_receipt, "versions", cache(merge_receipt.versions))
        yield


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)
