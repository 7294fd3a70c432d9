"""Fixtures: a folder for models and merges, without fsync."""

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tauspeech.vectors import merge_receipt
from tests.vectors.lab import Lab


@pytest.fixture(scope="package", autouse=True)
def no_waiting() -> Iterator[None]:
    """Skip fsync, and read the versions of packages for receipts only once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        patch.setattr(merge_receipt, "versions", cache(merge_receipt.versions))
        yield


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)
