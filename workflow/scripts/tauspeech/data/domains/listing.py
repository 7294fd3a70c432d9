"""Distinct sentences of each domain of a corpus, each with its recordings."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tauspeech.data.dropped_utterances import Drop
from tauspeech.data.selection import in_seeded_order
from tauspeech.data.tables import SPLITS

REPEATED = "the same sentence is in another split"
SPLIT_OF = {"train": "train", "devel": "validation", "dev": "validation", "validation": "validation", "test": "test"}
_PREFERRED = ("test", "validation", "train")  # a sentence of several splits belongs to the first of these


class DomainRecording(NamedTuple):
    """A recording as a corpus lists it; its file may be missing."""

    name: str  # as in the corpus
    file: Path  # its audio, or the Parquet file that holds it
    row: int | None = None  # in the Parquet file
    speaker: str = ""  # empty if the corpus does not name one


class ListedSentence(NamedTuple):
    """A line of a corpus: a sentence with the recordings that the line names."""

    domain: str
    split: str
    text: str
    name: str  # of the line, for the list of dropped ones
    recordings: Sequence[DomainRecording]


class SpokenSentence(NamedTuple):
    """A sentence with its recordings, which may be none."""

    text: str
    recordings: tuple[DomainRecording, ...]


@dataclass
class RecordedDomain:
    """Distinct sentences of a domain by split, in the order of the corpus, and what was dropped of its lines."""

    sentences: dict[str, list[SpokenSentence]] = field(default_factory=dict)
    drops: list[Drop] = field(default_factory=list)

    def chosen(self, counts: Mapping[str, int], seed: int, domain: str) -> dict[str, list[SpokenSentence]]:
        """At most so many sentences of each split, in a random order of the seed.

        Texts for synthetic speech and recordings are chosen alike, so that both have the same sentences.
        """
        return {
            split: in_seeded_order(self.sentences[split], lambda sentence: sentence.text, seed, domain)[: counts[split]]
            for split in SPLITS
        }


def recorded_domains(rows: Iterable[ListedSentence], normalised: Callable[[str], str]) -> dict[str, RecordedDomain]:
    """Domains by name. Lines of the same text are one sentence; lines without text or of no known split are dropped."""
    domains: dict[str, RecordedDomain] = {}
    found: dict[tuple[str, str], dict[str, list[DomainRecording]]] = {}
    for row in rows:
        drops, text = domains.setdefault(row.domain, RecordedDomain()).drops, normalised(row.text)
        if row.split not in SPLIT_OF:
            drops.append(Drop(row.split, row.name, "unknown split"))
        elif not any(character.isalnum() for character in text):
            drops.append(Drop(SPLIT_OF[row.split], row.name, "empty sentence"))
        else:
            found.setdefault((row.domain, SPLIT_OF[row.split]), {}).setdefault(text, []).extend(row.recordings)
    for name, domain in domains.items():
        _distribute(domain, {split: found.get((name, split), {}) for split in _PREFERRED})
    return domains


def _distribute(domain: RecordedDomain, texts: Mapping[str, Mapping[str, list[DomainRecording]]]) -> None:
    """Give the domain its sentences, each in one split."""
    seen: set[str] = set()
    for split, sentences in texts.items():
        for text in (text for text in sentences if text in seen):
            names = [Path(recording.name).name for recording in sentences[text]]
            domain.drops += (Drop(split, name, REPEATED) for name in names or [text])
        domain.sentences[split] = [
            SpokenSentence(text, tuple(recordings)) for text, recordings in sentences.items() if text not in seen
        ]
        seen |= sentences.keys()
