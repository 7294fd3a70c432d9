"""The language of a text: by its script, and by identification among a few languages; sentences of the grammar as a test."""

import pytest

from tauspeech.runtime.errors import UserError
from tauspeech.runtime.paths import GRAMMARS
from tauspeech.scoring.written_language import Identifier, confusion
from tauspeech.text.checks import Checker
from tauspeech.text.domain_grammars import grammars_of
from tauspeech.text.template import generate

LATIN = ("en", "de", "fr", "es", "it", "nl")


def test_sentences_of_the_grammar_are_told_apart():
    grammars = grammars_of(GRAMMARS / "ca-de-es-fr-it-id-nl-pt-ru-sv-en.yaml", LATIN)
    sentences = generate(grammars, {"test": 100}, Checker(LATIN, None, {}), 1, "tests", None)["test"]
    identify = Identifier(["en", "de", "fr", "zh"])
    wrong = [row[code] for row in sentences for code in ("en", "de", "fr") if identify(row[code]) != code]
    assert len(wrong) <= 6  # 2 %


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("我想今天看书。", "zh"),
        ("我想 today 看书。", "zh"),
        ("Я хочу читать книгу.", "ru"),
        ("", None),
        (" 123 ...", None),
    ],
)
def test_scripts_decide_where_one_language_has_them(text, expected):
    assert Identifier(["en", "zh", "ru"])(text) == expected


def test_a_script_that_no_language_has_is_left_to_identification():
    assert Identifier(["en", "de"])("我想") in ("en", "de")


def test_codes_are_given_as_they_came():
    assert Identifier(["en", "zh_CN"])("我想看书") == "zh_CN"


def test_a_language_that_identification_does_not_know_is_an_error():
    with pytest.raises(UserError, match="py3langid does not know one of them"):
        Identifier(["en", "xx"])("hello there")


def test_confusion_is_the_share_of_answers_in_another_language():
    texts = ["Ich möchte heute ein Buch lesen.", "Je veux lire un livre aujourd'hui.", "", "我想今天看书。"]
    found = confusion(texts, "de", ["de", "fr", "zh"])
    assert found.value() == 50 and found.n() == 4
