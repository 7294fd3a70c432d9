"""The tokens of the greedy loop are those of transformers' ``generate``."""

import pytest
import torch
from transformers import GenerationConfig, WhisperConfig, WhisperForConditionalGeneration

from tauspeech.models.foundation_sizes import SIZES
from tauspeech.models.whisper import greedy
from tauspeech.models.whisper.foundation import new_model
from tests.models.threads import one_thread

__all__ = ["one_thread"]

END, START, LANGUAGE, TASK, PLAIN = 3, 4, 5, 6, 59
COUNT = 9
SETTINGS = {"language": "en", "task": "transcribe", "max_new_tokens": 24}


def whisper(*, seed=0, multilingual=True, eager=False, plain=PLAIN, **changes):
    """A random Whisper."""
    torch.manual_seed(seed)
    config = WhisperConfig(
        vocab_size=60, num_mel_bins=8, d_model=32, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4,
        decoder_attention_heads=4, encoder_ffn_dim=64, decoder_ffn_dim=64, max_source_positions=20,
        max_target_positions=32, pad_token_id=END, bos_token_id=END, eos_token_id=END, decoder_start_token_id=START,
        suppress_tokens=None, begin_suppress_tokens=None, init_std=0.4,
    )  # fmt: skip
    model = WhisperForConditionalGeneration(config).eval()
    prompt = {"is_multilingual": multilingual, "no_timestamps_token_id": plain}
    if multilingual:
        prompt |= {"lang_to_id": {"<|en|>": LANGUAGE}, "task_to_id": {"transcribe": TASK}}
    ids = {"pad_token_id": END, "eos_token_id": END, "decoder_start_token_id": START}
    model.generation_config = GenerationConfig(**ids, **prompt, **changes)
    if eager:
        model.set_attn_implementation("eager")
    return model


def sound(count=COUNT, seed=1):
    torch.manual_seed(seed)
    return torch.randn(count, 8, 40)


def both(model, inputs, **settings):
    """Tokens of transformers and of the greedy loop."""
    with torch.inference_mode():
        settings = {"attention_mask": torch.ones_like(inputs[:, 0], dtype=torch.long), "num_beams": 1, **settings}
        states = greedy.encode(model, inputs)
        return model.generate(inputs, **settings), greedy.generate(model, inputs, states, **settings)


def ending(model, inputs):
    """The model, with the token as its end that the rows reach at the most different lengths."""
    _, free = both(model, inputs, **SETTINGS)
    reached = {
        token: {row.index(token) for row in free.tolist() if token in row} for token in set(free.flatten().tolist())
    }
    model.generation_config.eos_token_id = model.generation_config.pad_token_id = max(
        reached, key=lambda token: len(reached[token])
    )
    return model


def lengths(model, ids):
    return {(row != model.generation_config.pad_token_id).sum().item() for row in ids}


def test_rows_that_end_at_different_lengths():
    most = 0
    for seed in range(6):
        model = ending(whisper(seed=seed), sound())
        expected, found = both(model, sound(), **SETTINGS)
        assert torch.equal(expected, found)
        most = max(most, len(lengths(model, found)))
    assert most > 3


@pytest.mark.parametrize("multilingual", [True, False])
def test_suppressed_tokens(multilingual):
    settings = SETTINGS if multilingual else {"max_new_tokens": 24}
    free = both(whisper(multilingual=multilingual), sound(), **settings)[1]
    often, first = free[:, 1:].flatten().mode().values.item(), sorted(set(free[:, 0].tolist()))
    model = whisper(multilingual=multilingual, suppress_tokens=[often, START], begin_suppress_tokens=[END, *first])
    expected, found = both(model, sound(), **settings)
    assert torch.equal(expected, found)
    assert often not in found and not set(found[:, 0].tolist()) & {END, *first}


def test_rows_that_never_end_stop_at_the_longest_text():
    expected, found = both(whisper(suppress_tokens=[END]), sound(), **SETTINGS | {"max_new_tokens": 28})
    assert torch.equal(expected, found) and found.shape == (COUNT, 28)


def test_more_tokens_than_have_room_at_first(monkeypatch):
    monkeypatch.setattr(greedy, "ROOM", 5)
    expected, found = both(whisper(suppress_tokens=[END]), sound(), **SETTINGS)
    assert torch.equal(expected, found)


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_few_rows(count):
    for seed in range(3):
        expected, found = both(ending(whisper(seed=seed), sound()), sound(count), **SETTINGS)
        assert torch.equal(expected, found)


def test_the_encoder_computes_in_pieces(monkeypatch):
    model, inputs = whisper(), sound()
    assert len(greedy.pieces(model, inputs)) == 1
    monkeypatch.setattr(greedy, "PIECE", 3 * 20 * 64 * 4)
    assert [len(piece) for piece in greedy.pieces(model, inputs)] == [3, 3, 3]
    expected, found = both(model, inputs, **SETTINGS)
    assert torch.equal(expected, found)
    monkeypatch.setattr(greedy, "PIECE", 1)
    assert [len(piece) for piece in greedy.pieces(model, inputs)] == [3, 2, 2, 2]


@pytest.mark.parametrize("changes", [{"repetition_penalty": 1.5}, {"no_repeat_ngram_size": 2}, {"min_new_tokens": 6}])
def test_other_settings_are_left_to_transformers(changes):
    expected, found = both(whisper(**changes), sound(), **SETTINGS)
    assert torch.equal(expected, found)


def test_another_attention_is_left_to_transformers():
    expected, found = both(whisper(eager=True), sound(), **SETTINGS)
    assert torch.equal(expected, found)


def test_timestamps_are_left_to_transformers():
    for seed in range(6):
        expected, found = both(whisper(seed=seed, plain=7), sound(), **SETTINGS)
        assert torch.equal(expected, found)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision(dtype):
    for seed in range(3):
        model = ending(whisper(seed=seed).to(dtype), sound().to(dtype))
        expected, found = both(model, sound().to(dtype), **SETTINGS)
        assert torch.equal(expected, found)


def test_an_untrained_foundation():
    model = new_model(["我们参观了柏林墙。", "We visited the Berlin Wall."], SIZES["tiny"], 1)
    extractor = model.processor.feature_extractor
    torch.manual_seed(2)
    inputs = torch.randn(7, extractor.feature_size, extractor.nb_max_frames)
    expected, found = both(model.network.eval(), inputs, language="zh", task="translate", max_new_tokens=100)
    assert torch.equal(expected, found)
