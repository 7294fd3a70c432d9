"""Sentences from the grammar: counts, variety and disjoint splits."""

import itertools

import pytest
import yaml
from rapidfuzz import fuzz, process

from tauspeech.runtime.errors import UserError
from tauspeech.runtime.paths import ROOT
from tauspeech.text.checks import contains, folded
from tauspeech.text.template import carriers, generate

COUNTS = {"train": 250, "validation": 25, "test": 25}
PAPER = yaml.safe_load((ROOT / "config" / "paper" / "rare_words.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def berlin_wall(ten_words):
    return ten_words["berlin-wall"]


@pytest.fixture(scope="module")
def made(sentences, berlin_wall):
    return sentences(COUNTS, berlin_wall)


def folded_sources(made, *splits):
    return [folded(sentence["zh"]) for split in splits for sentence in made[split]]


def test_counts_are_kept(made):
    assert {split: len(found) for split, found in made.items()} == COUNTS


@pytest.mark.parametrize("id", list(PAPER["overrides"]))
def test_the_grammar_yields_the_papers_counts_of_each_word(grammar, ten_words, rare, checker, id):
    word = ten_words[id]
    counts = PAPER["text"]["counts"] | PAPER["overrides"][id]["text"]["counts"]
    # Without the reserved names, which no filler holds and which take most of the time.
    made = generate([grammar], counts, checker(word, reserved=False), 1, id, rare(word))
    assert all(len(found) == counts[split] for split, found in made.items())
    for sentence in itertools.chain(*made.values()):
        assert all(contains(sentence[language], word.forms[language], language) for language in ("zh", "en"))


def test_the_word_stands_at_varied_places_and_in_varied_company(made, grammar):
    english = [sentence["en"].rstrip(".?").lower() for sentence in made["train"]]
    places = {text.find("berlin wall") for text in english}
    assert len(places) > 20
    first = sum(text.startswith("the berlin wall") for text in english)
    last = sum(text.endswith("the berlin wall") for text in english)
    assert min(first, last, len(english) - first - last) > 5
    beside = [name["en"] for name in grammar.fillers["place"] if any(name["en"].lower() in text for text in english)]
    assert len(beside) > len(grammar.fillers["place"]) / 2


def test_the_rare_word_fills_either_of_two_slots(made):
    both = [sentence["zh"] for sentence in made["train"] if sentence["zh"].endswith("都很有名。")]
    assert {text.startswith("柏林墙和") for text in both} == {True, False}


def test_no_sentence_is_there_twice(made):
    sources = folded_sources(made, "train", "validation", "test")
    assert len(set(sources)) == len(sources) == sum(COUNTS.values())


def test_training_sentences_do_not_nearly_repeat_held_out_ones(made):
    held_out = folded_sources(made, "validation", "test")
    for source in folded_sources(made, "train"):
        assert process.extractOne(source, held_out, scorer=fuzz.ratio, score_cutoff=92) is None


def test_general_sentences_of_different_sets_and_seeds_keep_to_their_splits(sentences):
    """Training text of a foundation and general test text of an experiment are disjoint, though generated independently."""
    taught = sentences({"train": 1500}, seed=1, set_id="foundation-small")["train"]
    for seed in (1, 2):
        asked = sentences({"test": 200}, seed=seed, set_id="general")["test"]
        assert not {s["zh"] for s in taught} & {s["zh"] for s in asked}
    # It is no accident: two training texts do meet.
    other = sentences({"train": 1500}, seed=2, set_id="foundation-tiny")["train"]
    assert {s["zh"] for s in taught} & {s["zh"] for s in other}


def test_general_sentences_hold_no_rare_word(sentences, ten_words):
    for sentence in sentences({"test": 200})["test"]:
        for word in ten_words.values():
            assert not contains(sentence["zh"], word.forms["zh"], "zh")


def test_the_same_seed_gives_the_same_text_and_another_one_another(sentences, berlin_wall, made):
    assert sentences(COUNTS, berlin_wall) == made
    assert sentences(COUNTS, berlin_wall, seed=2) != made
    assert sentences(COUNTS, berlin_wall, set_id="other") != made


def test_more_sentences_of_one_split_leave_the_others_as_they_are(sentences, berlin_wall, made):
    more = sentences(COUNTS | {"train": 300}, berlin_wall)
    assert more["train"][:250] == made["train"]
    assert (more["test"], more["validation"]) == (made["test"], made["validation"])


def test_an_exhausted_grammar_is_an_error_with_its_count(sentences, berlin_wall):
    with pytest.raises(
        UserError, match=r"only \d+ different test sentences for 'berlin-wall', but 5000 are needed: lower"
    ):
        sentences({"test": 5000}, berlin_wall)


def test_carriers_and_controls_differ_only_in_the_word(grammar, rare, berlin_wall):
    pairs = carriers(grammar, 60, 1, "berlin-wall", rare(berlin_wall))
    assert len(pairs["carrier"]) == len(pairs["control"]) == 60

    def swapped(text, phrase, other):
        upper = {language: value[0].upper() + value[1:] for language, value in other.items()}
        begin = phrase[0].upper() + phrase[1:]
        return text.replace(begin, upper["en"]) if text.startswith(begin) else text.replace(phrase, other["en"])

    for carrier, control in zip(pairs["carrier"], pairs["control"], strict=True):
        fitting = [
            filler
            for filler in grammar.fillers["place"]
            if carrier["zh"].replace("柏林墙", filler["zh"]) == control["zh"]
            and swapped(carrier["en"], "the Berlin Wall", filler) == control["en"]
        ]
        assert len(fitting) == 1, (carrier, control)
    assert len({control["zh"] for control in pairs["control"]}) > 30
    assert carriers(grammar, 60, 1, "berlin-wall", rare(berlin_wall)) == pairs
    assert carriers(grammar, 60, 2, "berlin-wall", rare(berlin_wall)) != pairs
