"""Hints of Whisper models: the prompt is that of transformers, and a bias adds to the tokens of phrases alone."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import LogitsProcessorList

from tauspeech.data.word_lists.listing import hash_of_lists
from tauspeech.data.word_lists.sources import listed_utterances
from tauspeech.models.decoding import Decoder
from tauspeech.models.encoder_states import EncoderStates
from tauspeech.models.hints import Hints, hints_of_settings
from tauspeech.models.listed_hints import ListedHints
from tauspeech.models.phrase_trie import PhraseTrie, Spellings
from tauspeech.models.tasks import SpeechTask
from tauspeech.models.whisper import greedy
from tauspeech.models.whisper.hints import PhraseBias, hint_settings, most_that_fit, phrase_trie, prompt_tokens
from tauspeech.runtime.errors import UserError
from tests.models.test_decoding import SETTINGS as DECODING
from tests.models.test_decoding import rows_of
from tests.models.threads import one_thread
from tests.models.whisper.published import published
from tests.models.whisper.test_greedy import END, PLAIN, SETTINGS, both, ending, sound, whisper

__all__ = ["one_thread"]

TEXTS = ["我们参观了柏林墙。", "We visited the Berlin Wall, and then Avignon."]
WORDS = ("Berlin Wall", "Avignon")
TRANSLATE = SpeechTask("translate", "zh", "en")
ROWS = rows_of(1.0, 0.5, 2.0, 0.3, 0.7)
CONTROL = frozenset({END, 4, 5, 6, PLAIN})


@pytest.fixture(scope="module")
def model():
    """Its texts are the tokens as written, since those of random bytes would all look the same."""
    made = published(TEXTS, noise=0.3)
    made._texts = lambda ids: [written(made.processor.tokenizer, row) for row in ids]
    return made


def written(tokenizer, ids):
    return "".join(tokenizer.convert_ids_to_tokens(ids, skip_special_tokens=True)).replace("Ġ", " ")


def bias(strength, *phrases):
    return PhraseBias(PhraseTrie(Spellings(phrases, phrases, phrases), CONTROL), strength)


def texts(model, hints, beams=1, **settings):
    return Decoder(model, DECODING | {"beams": beams} | settings, hints=hints).decode(ROWS, TRANSLATE)


def tokens_of(trie, tokenizer, text):
    """Texts of the tokens that follow a text."""
    ids = tokenizer(text, add_special_tokens=False).input_ids
    return {tokenizer.decode([token]) for token in trie.following(trie.state(ids))}


# Bias


def test_scores_grow_by_the_strength_and_by_a_share_where_a_phrase_only_begins():
    scores = torch.randn(3, 60)
    ids = torch.tensor([[4, 6, 20], [20, 30, 31], [4, 20, 30]])
    found = bias(2.5, [30, 31, 32], [40])(ids, scores) - scores
    expected = [{30: 0.625, 40: 2.5}, {30: 0.625, 32: 2.5, 40: 2.5}, {30: 0.625, 31: 2.5, 40: 2.5}]
    added = [{int(token): round(float(row[token]), 4) for token in row.nonzero()[:, 0]} for row in found]
    assert added == expected


@pytest.mark.parametrize("strength", [0.5, 3.0, 20.0])
def test_the_greedy_loop_has_the_tokens_of_generate(strength, monkeypatch):
    calls, plain = [], greedy._Rows.generate
    monkeypatch.setattr(greedy._Rows, "generate", lambda *given: calls.append(1) or plain(*given))
    changed = 0
    for seed in range(4):
        model = ending(whisper(seed=seed), sound())
        calls.clear()
        unbiased = both(model, sound(), **SETTINGS)[1]
        processor = bias(strength, [20, 21, 22], [20, 30], [40])
        expected, found = both(model, sound(), **SETTINGS, logits_processor=LogitsProcessorList([processor]))
        assert torch.equal(expected, found)
        assert len(calls) == 2  # and none was left to transformers
        changed += not torch.equal(found, unbiased)
    assert changed


@pytest.mark.parametrize("beams", [1, 2])
def test_without_strength_or_phrases_the_texts_are_the_models(model, beams):
    plain = texts(model, None, beams)
    assert texts(model, Hints(WORDS, strength=0.0), beams) == texts(model, Hints((), strength=5.0), beams) == plain
    assert texts(model, Hints(WORDS, strength=50.0), beams) != plain


@pytest.mark.parametrize("beams", [1, 2])
def test_a_strong_bias_writes_the_words(model, beams):
    assert not any("Avignon" in text for text in texts(model, None, beams))
    assert all("Avignon" in text for text in texts(model, Hints(("Avignon",), strength=1000.0), beams, new_tokens=12))


@given(st.integers(0, 2**16), st.floats(0, 30), st.sets(st.integers(0, 19), max_size=5))
def test_a_bias_writes_no_other_word_more_often(seed, strength, listed):
    """A model of whole words whose scores depend on the place alone: what a bias changes becomes a word of the list."""
    scores = torch.from_numpy(np.random.default_rng(seed).normal(0, 5, (8, 20)))
    processor = bias(strength, *([word] for word in sorted(listed)))
    plain, ids = scores.argmax(-1), torch.tensor([[4]])
    for place in scores:
        ids = torch.cat([ids, processor(ids, place[None]).argmax(-1, keepdim=True)], dim=1)
    for word in set(range(20)) - listed:
        assert (ids[0, 1:] == word).sum() <= (plain == word).sum()


def test_words_with_and_without_a_space_and_at_the_beginning_of_a_sentence_capitalised(model):
    tokenizer, size = model.processor.tokenizer, model.network.config.vocab_size
    trie = phrase_trie(tokenizer, size, ["qy"], "en")
    assert tokens_of(trie, tokenizer, "") == {"q", "Q", " "}
    assert tokens_of(trie, tokenizer, "We. ") >= {"q", "Q"} and tokens_of(trie, tokenizer, "We ") >= {"q"}
    assert tokens_of(trie, tokenizer, "We") == {" "}  # and not within a word
    assert "Q" not in tokens_of(trie, tokenizer, "We ")
    assert tokens_of(trie, tokenizer, "We q") == {"y", " "}
    chinese = phrase_trie(tokenizer, size, ["qy"], "zh")
    assert tokens_of(chinese, tokenizer, "We") == tokens_of(chinese, tokenizer, "") == {"q"}


def test_control_tokens_and_timestamps_end_what_was_begun(model):
    tokenizer, size = model.processor.tokenizer, model.network.config.vocab_size
    trie = phrase_trie(tokenizer, size, ["qy"], "zh")
    for control in ("<|zh|>", "<|startofprev|>", "<|notimestamps|>", "<|1.00|>", "<|endoftext|>"):
        assert tokens_of(trie, tokenizer, f"q{control}") == {"q"}


def test_many_phrases_cost_little(model):
    """States are few, whatever the number of rows and phrases."""
    tokenizer, size = model.processor.tokenizer, model.network.config.vocab_size
    phrases = [f"{first}{second} Wall" for first in "ABCDEFGHIJKLMNO" for second in "abcdefghijklmno"]
    processor = PhraseBias(phrase_trie(tokenizer, size, phrases, "en"), 1.0)
    ids = torch.tensor([tokenizer(" We visited the Berlin", add_special_tokens=False).input_ids] * 50)
    for length in range(1, ids.shape[1]):
        processor(ids[:, :length], torch.zeros(50, size))
    assert len(processor._of_states) < ids.shape[1]


# Prompt


def test_the_prompts_tokens_are_those_of_the_processor(model):
    expected = model.processor.get_prompt_ids("Berlin Wall, Avignon")
    assert prompt_tokens(model.processor.tokenizer, WORDS) == expected.tolist()


@pytest.mark.parametrize("beams", [1, 2])
@pytest.mark.parametrize("phrases", [WORDS, tuple(f"{letter * 3} Wall" for letter in "ABCDEFG")], ids=["short", "long"])
def test_a_prompt_gives_the_tokens_of_generate(model, beams, phrases, monkeypatch):
    monkeypatch.setattr(greedy, "ROOM", 4)  # keys and values outgrow what is allocated at first
    features = torch.from_numpy(np.stack([model.features_of({"audio": row["audio"]}, TRANSLATE) for row in ROWS[:2]]))
    prompt = model.processor.get_prompt_ids(", ".join(phrases), return_tensors="pt")
    suppressed = sorted({*model.network.generation_config.suppress_tokens, *model._timestamps})
    settings = {"language": "zh", "task": "translate", "num_beams": beams, "suppress_tokens": suppressed}
    with torch.inference_mode():
        ids = model.network.generate(
            features,
            prompt_ids=prompt,
            max_new_tokens=6,
            return_timestamps=False,
            attention_mask=torch.ones_like(features[:, 0], dtype=torch.long),
            **settings,
        )
    found = texts(model, Hints(phrases, as_prompt=True), beams)[:2]
    assert found == [written(model.processor.tokenizer, row) for row in ids]
    assert not any(phrase in text for phrase in phrases for text in found)
    assert found != texts(model, None, beams)[:2]


def test_the_room_for_new_tokens_shrinks_by_the_prompt(model):
    """And a prompt has at most half of the places."""
    most = model.network.config.max_target_positions
    phrases = tuple(f"{first}{second}" for first in "ABCDEFGHIJ" for second in "VWXYZ")
    prompt = hint_settings(model.network, model.processor.tokenizer, Hints(phrases, as_prompt=True), "en").arguments[
        "prompt_ids"
    ]
    assert most // 2 - 4 < len(prompt) <= most // 2
    assert all(texts(model, Hints(phrases, as_prompt=True), new_tokens=1000))


def test_phrases_that_do_not_fit_are_left_out_at_the_end(model, capsys):
    tokenizer = model.processor.tokenizer
    alone = len(tokenizer(" Avignon", add_special_tokens=False).input_ids)
    assert most_that_fit(tokenizer, ("Avignon", "Berlin Wall", "We"), alone) == 1
    assert most_that_fit(tokenizer, ("Avignon", "Berlin Wall", "We"), alone - 1) == 0
    assert most_that_fit(tokenizer, WORDS, 100) == 2
    long = tuple(f"{first}{second}" for first in "ABCDEFGHIJ" for second in "VWXYZ")
    model._has_cut_prompts = False
    for hints in (Hints(WORDS, as_prompt=True), Hints(long, as_prompt=True), Hints(long[1:], as_prompt=True)):
        texts(model, hints)
    # Not on the standard output, where `tauspeech transcribe` writes its results.
    printed = capsys.readouterr()
    (line,) = (line for line in printed.err.splitlines() if "The prompt holds" in line)
    count = int(line.split()[3])
    assert line == f"The prompt holds {count} of 50 phrases, without the last ones, from '{long[count]}' on"
    assert not printed.out


# Lists of utterances

LISTS = [("Berlin Wall",), (), ("Avignon", "We"), ("Avignon", "We"), ("visited",)]
BY_NAME = {row["utterance"]: phrases for row, phrases in zip(ROWS, LISTS, strict=True)}


@pytest.mark.parametrize("beams", [1, 2])
@pytest.mark.parametrize("about", [{"as_prompt": True}, {"strength": 6.0}], ids=["prompt", "bias"])
def test_each_utterance_has_the_phrases_of_its_own_list(model, about, beams):
    hints, settings = ListedHints(BY_NAME, **about), DECODING | {"beams": beams}
    found = Decoder(model, settings, hints=hints).decode(ROWS, TRANSLATE)
    expected = [
        Decoder(model, settings, hints=hints.for_utterance(row["utterance"])).decode([row], TRANSLATE)[0]
        for row in ROWS
    ]
    assert found == expected
    unhinted = texts(model, None, beams)
    assert found[1] == unhinted[1] and found != unhinted


def test_models_share_the_encoders_output_of_batches_with_lists_and_without(model, monkeypatch):
    encoded = []
    monkeypatch.setattr(greedy, "encode", lambda *given, plain=greedy.encode: encoded.append(1) or plain(*given))
    states = EncoderStates()
    for hints in (None, ListedHints(BY_NAME, as_prompt=True), ListedHints(BY_NAME, strength=1.0)):
        Decoder(model, DECODING | {"batch": 3}, states=states, hints=hints).decode(ROWS, TRANSLATE)
    assert len(encoded) == 2


def test_a_bias_by_lists_favours_the_ways_in_which_a_text_may_write_a_word():
    lists = {"a": ("BERLIN WALL", "miller's", "iPhone")}
    found = ListedHints(lists, strength=1.0).for_utterance("a").phrases
    assert sorted(found) == ["BERLIN WALL", "Berlin Wall", "IPhone", "Miller's", "berlin wall", "iPhone", "miller's"]
    assert ListedHints(lists).for_utterance("a") == Hints(())


def test_a_prompt_by_lists_has_them_in_an_order_of_the_utterances_own():
    words = tuple(map(str, range(1000)))
    first, second = (ListedHints({"a": words, "b": words}, as_prompt=True).for_utterance(name) for name in "ab")
    assert sorted(first.phrases) == sorted(second.phrases) == sorted(words)
    assert first.phrases[:100] != second.phrases[:100] != words[:100]
    # No part of a list is preferred: the first hundred come from all of it.
    assert 400 < np.mean([int(word) for word in first.phrases[:100]]) < 600


@pytest.mark.parametrize(
    ("strength", "expected"),
    [
        ({}, Hints(("Avignon",), as_prompt=True)),
        ({"strength": 4}, Hints(("Avignon",), strength=4.0)),
        ({"strength": {"search": "first2--bias", "choice": "strength"}}, Hints(("Avignon",), strength=8.0)),
    ],
)
def test_hints_of_a_job_may_have_a_strength_that_a_search_has_chosen(strength, expected):
    chosen = {"first2--bias": {"strength": 8}}
    assert hints_of_settings({"phrases": ["Avignon"]} | strength, chosen) == expected


def test_lists_of_a_job_are_read_where_they_are(tmp_path):
    (tmp_path / "calls.tsv").write_text("file\ten\twords\na.wav\tTo Avignon.\tAvignon\n", encoding="utf-8")
    source = {"recordings": str(tmp_path / "calls.tsv"), "language": "en"}
    listing = {"source": source, "lists": hash_of_lists(listed_utterances(source))}
    assert hints_of_settings({"listing": listing}, {}).for_utterance("00000") == Hints(("Avignon",), as_prompt=True)
    with pytest.raises(UserError, match=r"the lists of words in .*calls\.tsv changed since this run was planned"):
        hints_of_settings({"listing": listing | {"lists": "other"}}, {})


def test_a_tokenizer_without_previous_texts_takes_no_prompt(model, monkeypatch):
    monkeypatch.setattr("tauspeech.models.whisper.hints.PREVIOUS", "<|before|>")
    with pytest.raises(UserError, match=r"has no <\|before\|>, so that it takes no prompt: favour the words by a bias"):
        texts(model, Hints(("Paris",), as_prompt=True))


def test_a_converted_model_takes_no_hints(model, monkeypatch):
    monkeypatch.setattr(model, "converted", object())
    with pytest.raises(UserError, match="CTranslate2 decodes without hints"):
        texts(model, Hints(WORDS, strength=1.0))
