"""Corpora of recorded domains: which domains there are, and how many sentences and recordings each has."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tauspeech.runtime.errors import UserError


@dataclass(frozen=True)
class DomainContent:
    """Numbers of sentences and of recordings of a domain by split."""

    sentences: Mapping[str, int]
    recordings: Mapping[str, int]


def domains_of(corpus: dict[str, Any]) -> dict[str, DomainContent]:
    raise UserError("key 'corpus' is not supported yet: leave it out.")
