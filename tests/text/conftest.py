"""The shipped grammar, and sentences from it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tauspeech.data.reserved_names import reserved_forms
from tauspeech.experiments.rare_words.words import Word, read_words
from tauspeech.runtime.paths import GRAMMARS, ROOT
from tauspeech.text.checks import Checker, Sentence
from tauspeech.text.grammar import Grammar
from tauspeech.text.template import RareWord, generate

LANGUAGES = ("zh", "en")


@pytest.fixture(scope="session")
def grammar() -> Grammar:
    return Grammar.load(GRAMMARS / "zh-en.yaml", LANGUAGES)


@pytest.fixture(scope="session")
def ten_words() -> dict[str, Word]:
    return {word.id: word for word in read_words(ROOT / "config" / "words_ten.tsv", LANGUAGES)}


@pytest.fixture(scope="session")
def rare(grammar: Grammar) -> Callable[[Word], RareWord]:
    return lambda word: RareWord(word.phrase, grammar.slot_of(word.domain))


@pytest.fixture(scope="session")
def checker() -> Callable[..., Checker]:
    """A checker as the stage makes it."""

    def make(word: Word | None = None, reserved: bool = True) -> Checker:
        forms = word.forms if word else None
        return Checker(LANGUAGES, forms, reserved_forms(LANGUAGES, forms) if reserved else {})

    return make


@pytest.fixture(scope="session")
def sentences(grammar: Grammar, rare: Callable, checker: Callable) -> Callable[..., dict[str, list[Sentence]]]:
    """Generated sentences by split: of a word, or general ones."""

    def make(counts: dict[str, int], word: Word | None = None, seed: int = 1, set_id: str = ""):
        id = set_id or (word.id if word else "general")
        return generate([grammar], counts, checker(word), seed, id, rare(word) if word else None)

    return make


@pytest.fixture
def own_table(tmp_path: Path) -> Callable[[str], Path]:
    """A user's table of sentences."""

    def write(content: str | bytes) -> Path:
        path = tmp_path / "own.tsv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write
