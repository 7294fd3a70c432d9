"""Corpora of recorded domains: which domains there are, and what their sentences and recordings depend on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tauspeech.data.domains.corpora import KINDS, domains_of_corpus, kind_of
from tauspeech.data.domains.listing import DomainRecording, RecordedDomain
from tauspeech.plan.sources import require_folder_or_hub_id
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import canonical_json, sha256_text


@dataclass(frozen=True)
class DomainContent:
    """Numbers of sentences and of recordings of a domain by split."""

    sentences: Mapping[str, int]
    recordings: Mapping[str, int]


def domains_of(corpus: Mapping[str, Any]) -> dict[str, DomainContent]:
    """Content of each domain of a corpus, with the recordings whose files exist."""
    found = _domains(corpus)
    for name, domain in found.items():
        for split in ("train", "validation"):
            if not domain.sentences[split]:
                raise UserError(
                    f"{corpus[kind_of(corpus)]} has no row of the split {split} of the domain '{name}': add some, or remove the "
                    "domain's rows."
                )
    return {name: _content(domain) for name, domain in found.items()}


def _content(domain: RecordedDomain) -> DomainContent:
    recordings = {
        split: len(_sizes(recording for each in sentences for recording in each.recordings))
        for split, sentences in domain.sentences.items()
    }
    return DomainContent({split: len(each) for split, each in domain.sentences.items()}, recordings)


def texts_source(corpus: Mapping[str, Any], domain: str) -> dict[str, str]:
    """The sentences of a domain, with a hash over them alone: no recording, and no other domain, changes it."""
    sentences, kind = _domains(corpus)[domain].sentences, kind_of(corpus)
    texts = sorted([split, each.text] for split, found in sentences.items() for each in found)
    return {"kind": "corpus", kind: corpus[kind], "domain": domain, "texts": sha256_text(canonical_json(texts))}


def recordings_source(corpus: Mapping[str, Any], domain: str) -> dict[str, str]:
    """The recordings of a domain: texts and speakers by hash, audio files by name and size."""
    files = sorted(
        [split, each.text, *size]
        for split, sentences in _domains(corpus)[domain].sentences.items()
        for each in sentences
        for size in _sizes(each.recordings)
    )
    mic = {} if kind_of(corpus) == "table" else {"mic": corpus.get("mic", "all")}
    return texts_source(corpus, domain) | {"audio": sha256_text(canonical_json(files))} | mic


def _sizes(recordings: Iterable[DomainRecording]) -> list[list[Any]]:
    """Name, speaker, row and size of each file that exists; one file of a mirror has many recordings."""
    sizes: dict[Path, int | None] = {}
    found = []
    for name, file, row, speaker in recordings:
        if file not in sizes:
            sizes[file] = file.stat().st_size if file.is_file() else None
        if sizes[file] is not None:
            found.append([name, speaker, -1 if row is None else row, sizes[file]])
    return found


def _domains(corpus: Mapping[str, Any]) -> dict[str, RecordedDomain]:
    if sum(bool(corpus.get(kind)) for kind in KINDS) != 1:
        raise UserError(f"key 'corpus': give exactly one of {', '.join(KINDS)}.")
    kind = kind_of(corpus)
    place = Path(corpus[kind]).expanduser()
    if kind == "table" and corpus.get("mic", "all") != "all":
        raise UserError(
            "key 'corpus.mic' is for slurp and mirror: leave it out, or list only such recordings in the table."
        )
    if kind == "mirror":
        require_folder_or_hub_id(corpus[kind], "corpus.mirror", "data set")
    elif not (place.is_file() if kind == "table" else place.is_dir()):
        raise UserError(
            f"key 'corpus.{kind}': {corpus[kind]} does not exist: check its path, which is relative to the project's folder."
        )
    return domains_of_corpus(corpus)
