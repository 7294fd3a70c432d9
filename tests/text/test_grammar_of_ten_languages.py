"""The grammar of the experiment lors: every sentence in every language whole and in its own alphabet."""

import random
import re

import pytest

from tauspeech.runtime.paths import GRAMMARS
from tauspeech.text.grammar import SLOT, Grammar, draw, fill
from tauspeech.text.template import SHARES, in_share

LANGUAGES = ("ca", "de", "es", "fr", "it", "id", "nl", "pt", "ru", "sv", "en")
SOURCES = LANGUAGES[:-1]
FILE = GRAMMARS / "ca-de-es-fr-it-id-nl-pt-ru-sv-en.yaml"
MARKS = " .,?'"
LETTERS = {
    "ca": "a-zàçèéíïòóúü·",
    "de": "a-zäöüß",
    "es": "a-záéíñóúü¿",
    "fr": "a-zàâçèéêëîïôùûœ-",
    "it": "a-zàèéìòù",
    "id": "a-z-",
    "nl": "a-zé",
    "pt": "a-zàáâãçéêíóôõú",
    "ru": "а-яё",
    "sv": "a-zåäö",
    "en": "a-z",
}


@pytest.fixture(scope="module")
def grammar() -> Grammar:
    return Grammar.load(FILE, LANGUAGES)


@pytest.fixture(scope="module")
def sentences(grammar) -> list[dict[str, str]]:
    numbers = random.Random(0)
    return [fill(template, draw(grammar, template, numbers)) for template in grammar.templates for _ in range(60)]


def test_every_phrase_is_there_in_every_language(grammar):
    for slot, phrases in grammar.fillers.items():
        for phrase in phrases:
            assert set(LANGUAGES) <= phrase.keys(), (slot, phrase["en"])
            assert all(text == text.strip() and text for text in phrase.values())
        assert len({phrase["en"] for phrase in phrases}) == len(phrases), slot


def test_a_template_has_the_same_slots_in_every_language(grammar):
    for template in grammar.templates:
        slots = {
            language: {name.lower() + second for name, second, _ in SLOT.findall(text)}
            for language, text in template.items()
        }
        assert len({frozenset(found) for found in slots.values()}) == 1, template["en"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_are_whole_and_in_the_languages_letters(sentences, language):
    allowed = re.compile(f"[{MARKS}{LETTERS[language]}]+")
    for sentence in sentences:
        text = sentence[language]
        assert allowed.fullmatch(text.lower()), text
        assert "  " not in text and text[-1] in ".?" and text.lstrip("¿")[0].isupper(), text
        assert 2 <= len(text.split()) <= 20, text


@pytest.mark.parametrize(
    ("language", "wrong"),
    [
        ("fr", r"\b(de|que|je|le|la|ne) [aeiouyéèêh]|\b[àa] les?\b|\bde les?\b"),
        ("it", r"\b(di|a|da|in|su|con) (il|lo|gli)\b|\bi [aeiou]|\bil [aeiou]"),
        ("es", r"\b[ad]e? el\b|\by i"),
        ("pt", r"\b(de|em|a|por) (o|a|os|as)\b"),
        ("ca", r"\b(a|de) els?\b|\b(el|la) [aeiou]|\bde [aeiou]"),
    ],
)
def test_nothing_is_left_uncontracted(sentences, language, wrong):
    for sentence in sentences:
        assert not re.search(wrong, sentence[language].lower()), sentence[language]


def test_texts_of_a_language_are_unique_and_english_distinguishes_them(sentences):
    by_english: dict[str, set[tuple[str, ...]]] = {}
    for sentence in sentences:
        by_english.setdefault(sentence["en"], set()).add(tuple(sentence[language] for language in SOURCES))
    assert all(len(found) == 1 for found in by_english.values())


def test_all_languages_of_a_sentence_are_in_one_split(grammar, sentences):
    """A test sentence in one language is not a training sentence in another."""
    for sentence in sentences:
        pairs = [{language: sentence[language], "en": sentence["en"]} for language in SOURCES]
        splits = [{split for split in SHARES if in_share(pair, split, grammar.split_by)} for pair in pairs]
        assert len(splits[0]) == 1 and all(found == splits[0] for found in splits)
