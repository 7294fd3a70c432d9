"""Decoding of sets: batches, tasks that share the encoder's output, and the cache of features."""

import gc
import time
import weakref
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tauspeech.data.audio import RATE, encode_audio
from tauspeech.data.manifest import audio_key
from tauspeech.models.decoding import Decoder, FeatureCache, shared_features
from tauspeech.models.encoder_states import EncoderStates
from tauspeech.models.foundation_sizes import SIZES
from tauspeech.models.hints import Hints
from tauspeech.models.tasks import SpeechTask
from tauspeech.models.whisper.foundation import new_model
from tauspeech.runtime.errors import UserError
from tests.models.threads import one_thread

__all__ = ["one_thread"]

TEXTS = ["我们参观了柏林墙。", "We visited the Berlin Wall."]
SETTINGS = {"precision": "fp32", "batch": 2, "beams": 1, "new_tokens": 6}
TRANSCRIBE, TRANSLATE = (SpeechTask(kind, "zh", "en") for kind in ("transcribe", "translate"))
SIZE = 1000  # bytes of a fake model's features


@pytest.fixture(scope="module")
def model():
    """A tiny Whisper with large random weights, so that its texts differ."""
    made = new_model(TEXTS, SIZES["tiny"], 1)
    torch.manual_seed(3)
    with torch.no_grad():
        for weight in made.network.parameters():
            weight.add_(0.3 * torch.randn_like(weight))
    return made


def rows_of(*seconds):
    random = np.random.default_rng(1)
    sounds = [random.normal(0, 0.1, int(RATE * each)).astype(np.float32) for each in seconds]
    return [
        {"utterance": f"u-{number}", "seconds": each, "audio": {"bytes": encode_audio(sound)}}
        for number, (each, sound) in enumerate(zip(seconds, sounds, strict=True))
    ]


class FakeModel:
    """Counts the features that it computes."""

    window, room = 30.0, 0.0

    def __init__(self, features_id="a"):
        self.network = torch.nn.Linear(1, 1)
        self.features_id, self.computed, self.encoded = features_id, 0, 0

    def features_of(self, row, task):
        self.computed += 1
        return np.full(SIZE // 4, self.computed, np.float32)

    def encode(self, features):
        self.encoded += 1
        return features

    def decode(self, encoded, task, *, beams, new_tokens):
        return [f"{task.kind} {features[0]:g}" for features in encoded]


@pytest.mark.parametrize("beams", [1, 2])
def test_several_tasks_give_what_each_gives_alone(model, beams):
    decoder = Decoder(model, SETTINGS | {"beams": beams})
    rows = rows_of(1.0, 0.5, 2.0, 1.5, 0.3)
    tasks = [TRANSCRIBE, TRANSLATE, SpeechTask("transcribe", "en", "en")]
    together = decoder.decode_tasks(rows, tasks)
    assert together == [decoder.decode(rows, task) for task in tasks]
    assert all(len(texts) == len(rows) for texts in together)
    assert len({text for texts in together for text in texts}) > 1


def test_tasks_share_the_encoding_of_a_batch():
    model = FakeModel()
    decoded = Decoder(model, SETTINGS).decode_tasks(rows_of(0.1, 0.1, 0.1), [TRANSCRIBE, TRANSLATE])
    assert decoded == [["transcribe 1", "transcribe 2", "transcribe 3"], ["translate 1", "translate 2", "translate 3"]]
    assert (model.encoded, model.computed) == (2, 3)


@pytest.mark.parametrize("beams", [1, 3])
def test_models_with_the_same_encoder_share_its_states(model, beams):
    """Models of a search whose vectors are zero in the encoder; 3 utterances are 2 batches."""
    encoded, states, rows = [], EncoderStates(), rows_of(0.4, 0.7, 0.5)
    settings = SETTINGS | {"beams": beams}
    computed = model.network.model.encoder.register_forward_hook(lambda *_: encoded.append(1))

    def texts(part, shared):
        for weight in getattr(model.network.model, part).layers.parameters():
            weight.data *= -1
        return Decoder(model, settings, states=shared).decode_tasks(rows, [TRANSCRIBE, TRANSLATE])

    def calls(part):
        """Calls of the encoder for a model with another encoder or decoder, twice."""
        expected, before = texts(part, None), len(encoded)
        assert Decoder(model, settings, states=states).decode_tasks(rows, [TRANSCRIBE, TRANSLATE]) == expected
        first = len(encoded) - before
        assert texts(part, states) != expected
        return first, len(encoded) - before - first

    assert calls("decoder") == (2, 0)
    assert calls("encoder") == (2, 2)
    computed.remove()


@pytest.mark.parametrize("other", ["precision", "features_id"])
def test_states_of_other_features_or_another_precision_are_not_shared(model, monkeypatch, other):
    """Inputs of another window are other features."""
    encoded, states, rows = [], EncoderStates(), rows_of(0.4)
    computed = model.network.model.encoder.register_forward_hook(lambda *_: encoded.append(1))
    Decoder(model, SETTINGS, states=states).decode(rows, TRANSCRIBE)
    monkeypatch.setattr(model, "features_id", "other" if other == "features_id" else model.features_id)
    settings = SETTINGS | ({"precision": "bf16"} if other == "precision" else {})
    for _ in range(2):
        Decoder(model, settings, states=states).decode(rows, TRANSCRIBE)
    assert len(encoded) == 2
    computed.remove()


def test_shared_states_count_in_the_time_of_each_model(model, monkeypatch):
    """The 0.2 s of the one computation count for both models."""
    states, rows, plain = EncoderStates(), rows_of(0.4), type(model).encode

    def slow(self, features):
        encoded = plain(self, features)
        monkeypatch.setattr(type(encoded), "computed_bytes", lambda _: time.sleep(0.2) or encoded.states.nbytes)
        return encoded

    monkeypatch.setattr(type(model), "encode", slow)
    decoders = [Decoder(model, SETTINGS, states=states) for _ in range(2)]
    for decoder in decoders:
        decoder.decode(rows, TRANSCRIBE)
    assert all(decoder.seconds > 0.2 for decoder in decoders)


def test_another_encoder_has_all_the_room():
    batch, states = SimpleNamespace(computed_bytes=lambda: SIZE), EncoderStates(most_bytes=SIZE)
    for encoder in "ab":
        states.of_encoder(encoder)
        states.keep(("u-0",), batch)
        states.keep(("u-1",), batch)
        assert states.get(("u-0",)) is batch and states.get(("u-1",)) is None


def test_utterances_of_the_same_name_and_other_audio_have_features_of_their_own(model):
    """Recorded and synthetic speech of a sentence have the same name in their sets."""
    recorded, synthetic = rows_of(0.4, 0.5)
    synthetic["utterance"] = recorded["utterance"]
    cache, states = FeatureCache(), EncoderStates()
    decoder = Decoder(model, SETTINGS, cache, states)
    assert not np.array_equal(cache.get(model, recorded, TRANSCRIBE), cache.get(model, synthetic, TRANSCRIBE))
    encoded = []
    for row in (recorded, synthetic):
        decoder.decode([row], TRANSCRIBE)
        encoded.append(states.get((audio_key(row),)))
    assert None not in encoded and encoded[0] is not encoded[1]


def test_states_that_are_kept_do_not_keep_their_model_in_memory():
    model = new_model(TEXTS, SIZES["tiny"], 1)
    states, network = EncoderStates(), weakref.ref(model.network)
    Decoder(model, SETTINGS, states=states).decode(rows_of(0.4), TRANSCRIBE)
    del model
    gc.collect()
    assert states.get((audio_key(rows_of(0.4)[0]),)) is not None and network() is None


def test_encoder_states_beyond_the_limit_are_computed_again(model):
    encoded, states, rows = [], EncoderStates(most_bytes=1), rows_of(0.4, 0.7, 0.5)
    computed = model.network.model.encoder.register_forward_hook(lambda *_: encoded.append(1))
    first, second = (Decoder(model, SETTINGS, states=states).decode(rows, TRANSCRIBE) for _ in range(2))
    assert first == second and len(encoded) == 3  # the first batch is kept
    computed.remove()


def test_no_utterance_and_no_task():
    decoder = Decoder(FakeModel(), SETTINGS)
    assert decoder.decode([], TRANSCRIBE) == []
    assert decoder.decode_tasks(rows_of(0.1), []) == []


def test_audio_longer_than_the_input_window_is_refused_and_not_truncated(model):
    decoder = Decoder(model, SETTINGS)
    sound = encode_audio(np.zeros(RATE, dtype=np.float32))
    rows = [{"utterance": f"u-{length}", "seconds": length, "audio": {"bytes": sound}} for length in (6.0, 6.25)]
    assert len(decoder.decode(rows[:1], TRANSCRIBE)) == 1
    assert list(map(decoder.fits_window, rows)) == [True, False]
    with pytest.raises(
        UserError,
        match=r"utterance u-6\.25 lasts 6\.25 s and the model's input window is 6 s: set speech\.longest to 6,",
    ):
        decoder.decode(rows, TRANSCRIBE)


# The cache of features


def test_decoders_that_share_a_cache_compute_features_once():
    cache, rows = FeatureCache(), rows_of(0.1, 0.1)
    first, second = FakeModel(), FakeModel()
    texts = [Decoder(model, SETTINGS, cache).decode(rows, TRANSCRIBE) for model in (first, second)]
    assert (first.computed, second.computed) == (2, 0)
    assert texts[0] == texts[1]
    Decoder(second, SETTINGS).decode(rows, TRANSCRIBE)  # with a cache of its own
    assert second.computed == 2


def test_models_with_other_features_do_not_share_them():
    cache, rows = FeatureCache(), rows_of(0.1, 0.1)
    models = FakeModel("a"), FakeModel("b")
    for model in models * 2:
        Decoder(model, SETTINGS, cache).decode(rows, TRANSCRIBE)
    assert [model.computed for model in models] == [2, 2]


def test_a_task_on_sentences_has_features_of_its_own():
    """The model's output names the feature that it has got, and features are counted."""
    rows = [row | {"zh": text} for row, text in zip(rows_of(0.1, 0.1), ("a", "b"), strict=True)]
    tasks = [TRANSCRIBE, SpeechTask("translate_text", "zh", "en"), TRANSLATE]
    spoken, written, translated = Decoder(FakeModel(), SETTINGS).decode_tasks(rows, tasks)
    assert (spoken, translated) == (["transcribe 1", "transcribe 2"], ["translate 1", "translate 2"])
    assert written == ["translate_text 3", "translate_text 4"]


def test_a_full_cache_drops_the_oldest_features():
    model, rows = FakeModel(), rows_of(*[0.1] * 5)
    cache = FeatureCache(most_bytes=3 * SIZE)
    for row in rows:
        cache.get(model, row, TRANSCRIBE)
        assert len(cache._found) <= 3
    assert [key[0] for _, key, _ in cache._found] == ["u-2", "u-3", "u-4"]
    cache.get(model, rows[4], TRANSCRIBE)
    assert model.computed == 5
    cache.get(model, rows[0], TRANSCRIBE)
    assert model.computed == 6


def test_features_larger_than_the_cache_are_kept_until_the_next():
    model, cache, rows = FakeModel(), FeatureCache(most_bytes=1), rows_of(0.1, 0.1)
    texts = [cache.get(model, row, TRANSCRIBE)[0] for row in (*rows, *rows)]
    assert texts == [1, 2, 3, 4] and len(cache._found) == 1
    cache.get(model, rows[1], TRANSCRIBE)
    assert model.computed == 4


def test_a_process_has_one_shared_cache():
    assert shared_features() is shared_features()


def test_hints_for_a_model_that_takes_none_are_refused():
    network = torch.nn.Linear(1, 1)
    network.config = SimpleNamespace(model_type="wav2vec2")
    model = FakeModel()
    model.network = network
    with pytest.raises(UserError, match="of the type 'wav2vec2' takes neither a prompt nor a bias of words"):
        Decoder(model, SETTINGS, hints=Hints(("Goethe",), strength=1.0))
