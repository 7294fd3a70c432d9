"""The three kinds of corpora of recorded domains: a table, SLURP, and its mirrors."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tauspeech.data.domains.listing import RecordedDomain, recorded_domains
from tauspeech.data.domains.parquet import parquet_rows
from tauspeech.data.domains.slurp import slurp_rows
from tauspeech.data.domains.table import table_rows
from tauspeech.data.domains.texts import plain_text, slurp_text

KINDS = ("table", "slurp", "mirror")  # keys of a corpus, of which it has one


def kind_of(corpus: Mapping[str, Any]) -> str:
    return next(kind for kind in KINDS if corpus.get(kind))


def domains_of_corpus(corpus: Mapping[str, Any]) -> dict[str, RecordedDomain]:
    """Domains by name; with a key mic, only with recordings of this microphone."""
    kind = kind_of(corpus)
    return _read(kind, corpus[kind], corpus.get("mic", "all"), _changes(kind, Path(corpus[kind]).expanduser()))


def _changes(kind: str, place: Path) -> tuple[int, ...]:
    """Times at which what is read was changed."""
    patterns = {"slurp": "dataset/slurp/*.json*", "mirror": "**/*.parquet"}
    files = [place] if kind == "table" else sorted(place.glob(patterns[kind]))
    return tuple(file.stat().st_mtime_ns for file in files if file.is_file())


@cache
def _read(kind: str, place: str, mic: str, changes: tuple[int, ...]) -> dict[str, RecordedDomain]:
    if kind == "table":
        return recorded_domains(table_rows(Path(place).expanduser()), plain_text)
    rows = slurp_rows(Path(place).expanduser(), mic) if kind == "slurp" else parquet_rows(place, mic)
    return recorded_domains(rows, slurp_text)
