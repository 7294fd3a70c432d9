"""Tests of words: recordings with lists of words, on which every model is scored by its errors on these words."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from tauspeech.data.word_lists.listing import ListedUtterance, hash_of_lists, hash_of_texts
from tauspeech.data.word_lists.sources import KINDS, kind_of, listed_utterances
from tauspeech.plan.builder import Builder
from tauspeech.plan.checks import require_recordings
from tauspeech.plan.further_sets import FurtherSet, FurtherSets, require_known
from tauspeech.plan.tables import PlannedCell
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import canonical_json, sha256_file, sha256_text

METRICS = "tauspeech.scoring.word_test"
# Keys that each kind of a test may have beside that of its place.
ALLOWED = {"recordings": ("list",), "librispeech": ("lists", "list"), "earnings22": ("context",)}


class WordTests:
    """The tests of words of a run, by name."""

    def __init__(self, build: Builder):
        self.build = build
        self.tests: dict[str, dict[str, Any]] = build.config["word_tests"]
        self._further = FurtherSets(build)
        self._set = cache(self._planned)

    def language(self, name: str) -> str:
        language: str = self.tests[name]["language"]
        return language

    def cells(self, name: str, cells: Sequence[PlannedCell]) -> list[PlannedCell]:
        """The same models' scores on a test, each model once."""
        return self._further.cells(self._set(name), cells)

    def _planned(self, name: str) -> FurtherSet:
        key, language = f"word_tests.{name}", self.language(name)
        require_known(self.build, language, f"{key}.language")
        source = source_of(self.tests[name], key)
        utterances = _utterances(source, key)
        content = {"texts": hash_of_texts(utterances), "audio": _audio(utterances, by_content="recordings" in source)}
        speech = self.build.listed_speech(f"{name}--words", source | content, language)
        task = {"kind": "transcribe", "source": language, "target": language}
        listing = {"source": source, "lists": hash_of_lists(utterances)}
        return FurtherSet(speech, task, METRICS, settings=listing, listing=listing)


def source_of(test: Mapping[str, Any], key: str) -> dict[str, str]:
    """The source of a test: where its recordings and lists are, after checks of the keys and of the paths."""
    kinds = [kind for kind in KINDS if test.get(kind)]
    if len(kinds) != 1:
        raise UserError(f"key '{key}': give exactly one of {', '.join(KINDS)}.")
    (kind,) = kinds
    given = [name for name in ("lists", "list", "context") if test.get(name)]
    if wrong := [name for name in given if name not in ALLOWED[kind]]:
        raise UserError(
            f"key '{key}.{wrong[0]}' is not for {kind}: leave it out; {kind} has {' or '.join(ALLOWED[kind])}."
        )
    if kind == "librispeech" and len(given) != 1:
        raise UserError(f"key '{key}': give lists, a file of the published lists, or list, your list of words.")
    source = {name: str(test[name]) for name in (kind, *given)}
    _require_place(Path(source[kind]).expanduser(), kind, key)
    for name in given:
        if name != "context" and not Path(source[name]).expanduser().is_file():
            raise UserError(f"key '{key}.{name}': the file {source[name]} does not exist: check its path.")
    if kind == "recordings":
        table = Path(source[kind]).expanduser()
        require_recordings(table, (test["language"],), ("test",), "test")
        return source | {"language": test["language"]}
    return source | ({"context": source.get("context", "local")} if kind == "earnings22" else {})


def _require_place(place: Path, kind: str, key: str) -> None:
    what = "table" if kind == "recordings" else "folder"
    if not (place.is_file() if kind == "recordings" else place.is_dir()):
        raise UserError(
            f"key '{key}.{kind}': the {what} {place} does not exist: check its path, which is relative to the project's folder."
        )


def _utterances(source: dict[str, str], key: str) -> tuple[ListedUtterance, ...]:
    utterances = listed_utterances(source)
    if not any(each.file.is_file() for each in utterances):
        kind = kind_of(source)
        advice = ", such as LibriSpeech/test-clean" if kind == "librispeech" else ""
        raise UserError(
            f"key '{key}.{kind}': {source[kind]} has none of the audio files that are listed: give the folder of the same part"
            f"{advice}."
        )
    if not any(each.words.counted for each in utterances):
        raise UserError(f"key '{key}': no utterance has a word in its list: give lists with words.")
    return utterances


def _audio(utterances: Sequence[ListedUtterance], by_content: bool) -> str:
    """Hash over the audio of each utterance: files of a user by their content, those of corpora by name and size."""
    files = {each.file for each in utterances if each.file.is_file()}
    contents = {path: sha256_file(path) if by_content else path.stat().st_size for path in files}
    return sha256_text(
        canonical_json([[each.name, each.file.name, each.row, contents.get(each.file)] for each in utterances])
    )
