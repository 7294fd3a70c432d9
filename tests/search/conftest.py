"""A results folder with a base model."""

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tauspeech.runtime import receipts
from tauspeech.vectors import merge_receipt
from tests.search.results import Results
from tests.vectors.lab import Lab


@pytest.fixture(scope="package", autouse=True)
def no_waiting() -> Iterator[None]:
    """Neither for disks, since nothing here cuts the power, nor for versions of packages, which are the same each time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        for module in (receipts, merge_receipt):
            patch.setattr(module, "versions", cache(module.versions))
        yield


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return Results(tmp_path)


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)
