"""The kinds of recordings with lists of words: LibriSpeech, Contextual Earnings-22, and a user's table."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from tauspeech.data.word_lists.earnings22 import earnings_utterances
from tauspeech.data.word_lists.librispeech import with_one_list, with_published_lists
from tauspeech.data.word_lists.listing import ListedUtterance, UtteranceWords, hash_of_lists
from tauspeech.data.word_lists.phrases import read_phrases
from tauspeech.data.word_lists.table import table_utterances
from tauspeech.runtime.errors import UserError

KINDS = ("recordings", "librispeech", "earnings22")  # keys of a source, of which it has one


def kind_of(source: Mapping[str, str]) -> str:
    return next(kind for kind in KINDS if source.get(kind))


def listed_utterances(source: Mapping[str, str]) -> tuple[ListedUtterance, ...]:
    """Utterances of a source, in its order; the source has the paths, and the language or context, of a test of words."""
    places = [Path(source[key]).expanduser() for key in (kind_of(source), "lists", "list") if source.get(key)]
    changes = tuple(place.stat().st_mtime_ns for place in places if place.exists())
    return _read(tuple(sorted(source.items())), changes)


def words_by_name(source: Mapping[str, str], planned: str) -> dict[str, UtteranceWords]:
    """Words of each utterance of a source by its name; ``planned`` is the hash of the lists that the run was planned with."""
    utterances = listed_utterances(source)
    if hash_of_lists(utterances) != planned:
        place = next(source[key] for key in ("list", "lists", kind_of(source)) if source.get(key))
        raise UserError(f"the lists of words in {place} changed since this run was planned: run snakemake again.")
    found: dict[str, UtteranceWords] = {}
    for each in utterances:
        found.setdefault(each.name, each.words)
    return found


@cache
def _read(source: tuple[tuple[str, str], ...], changes: tuple[int, ...]) -> tuple[ListedUtterance, ...]:
    return tuple(_utterances(dict(source)))


def _utterances(source: Mapping[str, str]) -> Iterator[ListedUtterance]:
    kind = kind_of(source)
    place = Path(source[kind]).expanduser()
    if kind == "earnings22":
        return earnings_utterances(place, source["context"])
    if kind == "librispeech" and "lists" in source:
        return with_published_lists(place, Path(source["lists"]).expanduser())
    phrases = read_phrases(Path(source["list"]).expanduser()) if "list" in source else None
    if kind == "librispeech":
        assert phrases
        return with_one_list(place, phrases)
    return table_utterances(place, source["language"], phrases)
