"""Corpora of recorded domains: which domains there are, and what their sentences and recordings depend on."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tauspeech.data.domain_tables import SpokenSentence, read_domain_table
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import canonical_json, sha256_text


@dataclass(frozen=True)
class DomainContent:
    """Numbers of sentences and of recordings of a domain by split."""

    sentences: Mapping[str, int]
    recordings: Mapping[str, int]


def domains_of(corpus: Mapping[str, Any]) -> dict[str, DomainContent]:
    """Content of each domain of a corpus."""
    found: dict[str, tuple[Counter[str], Counter[str]]] = {}
    for sentence in _sentences(corpus["table"]):
        sentences, recordings = found.setdefault(sentence.domain, (Counter(), Counter()))
        sentences[sentence.split] += 1
        recordings[sentence.split] += len(sentence.files)
    for domain, (sentences, _) in found.items():
        for split in ("train", "validation"):
            if not sentences[split]:
                raise UserError(
                    f"{corpus['table']} has no row of the split {split} of the domain '{domain}': add some, or remove the "
                    "domain's rows."
                )
    return {domain: DomainContent(*content) for domain, content in found.items()}


def texts_source(corpus: Mapping[str, Any], domain: str) -> dict[str, str]:
    """The sentences of a domain, with a hash over them alone: no recording, and no other domain, changes it."""
    texts = sorted([each.split, each.text] for each in _sentences(corpus["table"]) if each.domain == domain)
    return {"kind": "corpus", "table": corpus["table"], "domain": domain, "texts": sha256_text(canonical_json(texts))}


def recordings_source(corpus: Mapping[str, Any], domain: str) -> dict[str, str]:
    """The recordings of a domain: texts by hash, audio files by name and size."""
    files = sorted(
        [str(file), file.stat().st_size]
        for each in _sentences(corpus["table"])
        if each.domain == domain
        for file in each.files
    )
    return texts_source(corpus, domain) | {"audio": sha256_text(canonical_json(files))}


def _sentences(table: str) -> list[SpokenSentence]:
    path = Path(table).expanduser()
    if not path.is_file():
        raise UserError(
            f"key 'corpus.table': {table} does not exist: check its path, which is relative to the project's folder."
        )
    return _read(path, path.stat().st_mtime_ns)


@cache
def _read(path: Path, changed: int) -> list[SpokenSentence]:
    return read_domain_table(path)
