"""The shipped grammar is complete: every draw gives a sentence in each language."""

import random
import re

import pytest

from tauspeech.data.reserved_names import reserved_forms
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.paths import GRAMMARS
from tauspeech.text.checks import contains
from tauspeech.text.grammar import SLOT, Grammar, draw, fill, slots_of
from tauspeech.text.template import sentences

LANGUAGES = ("zh", "en")


def test_every_template_has_the_same_slots_in_each_language(grammar):
    for template in grammar.templates:
        assert template.keys() == {"zh", "en"}
        slots = {
            language: {name.lower() + second for name, second, _ in SLOT.findall(text)}
            for language, text in template.items()
        }
        assert slots["zh"] == slots["en"], template


def test_one_language_of_a_grammar_can_be_used_alone():
    english = Grammar.load(GRAMMARS / "zh-en.yaml", ["en"])
    template = english.with_slot("place")[0]
    chosen = draw(english, template, random.Random(0), {"place": {"en": "the Berlin Wall"}})
    assert fill(template, chosen).keys() == {"en"}


def test_every_slot_has_fillers(grammar):
    assert {slot.rstrip("2") for template in grammar.templates for slot in slots_of(template)} <= set(grammar.fillers)
    assert set(grammar.domains.values()) <= set(grammar.fillers)


def test_every_filler_has_every_language(grammar):
    for phrases in grammar.fillers.values():
        for phrase in phrases:
            assert all(phrase.get(language) for language in LANGUAGES), phrase


def test_no_filler_is_there_twice(grammar):
    for name, phrases in grammar.fillers.items():
        for language in LANGUAGES:
            texts = [phrase[language] for phrase in phrases]
            assert len(set(texts)) == len(texts), name


def test_no_reserved_name_is_among_the_fillers_or_templates(grammar):
    reserved = reserved_forms(("zh", "en"), None)
    assert all(len(names) > 30 for names in reserved.values())
    phrases = [phrase for group in grammar.fillers.values() for phrase in group] + grammar.templates
    for phrase in phrases:
        for language in LANGUAGES:
            assert not contains(phrase[language], reserved[language], language), phrase


def test_every_word_of_the_shipped_tables_is_reserved(ten_words):
    reserved = reserved_forms(("zh", "en"), None)
    for word in ten_words.values():
        for language in ("zh", "en"):
            assert contains(word.forms[language][0], reserved[language], language), word.id


def test_a_words_own_name_is_not_reserved_for_it(ten_words):
    own = reserved_forms(("zh", "en"), ten_words["triberg-waterfall"].forms)
    assert "Triberg" not in own["en"]
    assert "特里贝格" not in own["zh"]
    assert "Avignon" in own["en"]


def test_generated_sentences_are_whole(grammar):
    source = sentences(grammar, random.Random(0), "train", None)
    for _ in range(1500):
        sentence = next(source)
        for text in sentence.values():
            assert not re.search(r"[{}]|  | [.?,]", text), text
        assert re.fullmatch(r"[A-Z].*[^ .?][.?]", sentence["en"]), sentence
        assert re.fullmatch(r".*[^。？][。？]", sentence["zh"]), sentence
        assert sentence["en"].endswith("?") == sentence["zh"].endswith("？"), sentence


def test_every_template_comes_out_whole_in_each_language(grammar):
    for template in grammar.templates:
        filled = fill(template, draw(grammar, template, random.Random(1)))
        assert not any("{" in text for text in filled.values())


def test_a_phrase_stands_only_once_in_a_sentence(grammar):
    rng = random.Random(0)
    doubled = [template for template in grammar.templates if any(slot.endswith("2") for slot in slots_of(template))]
    assert doubled
    for template in doubled * 50:
        chosen = list(draw(grammar, template, rng).values())
        assert all(chosen.count(phrase) == 1 for phrase in chosen)


def test_a_slot_with_a_capital_only_capitalises():
    template = {"en": "{Place} and {place2}, {work}{work_after}"}
    chosen = {"place": {"en": "the Kremlin"}, "place2": {"en": "the Louvre"}, "work": {"en": "a", "en_after": "b"}}
    assert fill(template, chosen) == {"en": "The Kremlin and the Louvre, ab"}


def test_a_union_draws_from_all_its_lists(grammar):
    assert grammar.fillers["place"] == grammar.fillers["city"] + grammar.fillers["landmark"]


def test_an_unknown_domain_is_named(grammar):
    with pytest.raises(
        UserError, match=r"no sentences for the domain 'animal': use one of its domains \(individual, landmark"
    ):
        grammar.slot_of("animal")


def test_a_template_is_found_by_its_slot_in_any_spelling():
    grammar = Grammar({}, {}, [{"en": "{Place}"}, {"en": "{place2} {place}"}, {"en": "{person}"}])
    assert len(grammar.with_slot("place")) == 2
