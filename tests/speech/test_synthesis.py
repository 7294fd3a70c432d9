"""Synthesis of a share: sentences, voices, seeds, failures and the cache."""

import numpy as np
import pytest

from tauspeech.data.audio import RATE
from tauspeech.data.dropped_utterances import Unusable
from tauspeech.runtime.errors import UserError
from tauspeech.speech.engine import Failed, Sound
from tauspeech.speech.sound_cache import SoundCache
from tauspeech.speech.synthesis import share, synthesised_rows

VOICES = ["coqui/mini", "coqui/mini/zh-2", "http/studio/alloy", "espeak/ng/cmn"]
SENTENCES = [
    {"utterance": f"a-train-{number:05d}", "split": "train", "word_id": "a", "zh": f"句子{number}"}
    for number in range(60)
]
CARRIERS = [
    {"utterance": f"a-{kind}-00001", "split": kind, "word_id": "a", "zh": kind} for kind in ("carrier", "control")
]


class NoCache(SoundCache):
    """Caches nothing."""

    def __init__(self):
        pass

    def sound(self, version, text, speaker, seed, make):
        return make()


NO_CACHE = NoCache()


class ToneEngine:
    """Fake engine: noise whose length is that of the text; records its calls."""

    version = "parrot 1"

    def __init__(self, speakers=("ann", "ben")):
        self.speakers = list(speakers)
        self.calls, self.failures = [], {}

    def synthesise(self, text, speaker, seed):
        self.calls.append((text, speaker, seed))
        if text == "broken":
            raise Unusable("babble")
        if text in self.failures:
            raise self.failures[text]
        rng = np.random.default_rng(seed)
        return Sound(rng.standard_normal(RATE // 4 * len(text)).astype(np.float32) / 10, RATE)


def settings(engine="coqui", name="mini", **changes):
    model = {"engine": engine, "name": name}
    return {"model": model, "voices": VOICES, "every_voice": None, "language": "zh", "longest": 5.0} | changes


def test_every_sentence_falls_to_one_model():
    shares = [
        share(SENTENCES, settings(*model), 1) for model in (("coqui", "mini"), ("http", "studio"), ("espeak", "ng"))
    ]
    assert all(shares)
    ids = [row["utterance"] for rows in shares for row in rows]
    assert sorted(ids) == [row["utterance"] for row in SENTENCES]


def test_the_voice_depends_on_the_sentence_and_the_seed():
    whole = {row["utterance"] for row in share(SENTENCES, settings(), 1)}
    assert {row["utterance"] for row in share(SENTENCES[::-1][:30], settings(), 1)} == whole & {
        row["utterance"] for row in SENTENCES[30:]
    }
    assert {row["utterance"] for row in share(SENTENCES, settings(), 2)} != whole


def test_each_take_falls_to_a_model_by_its_own_draw():
    models = (("coqui", "mini"), ("http", "studio"), ("espeak", "ng"))
    shares = [share(SENTENCES, settings(*model, takes=2), 1) for model in models]
    ids = [row["utterance"] for rows in shares for row in rows]
    first = [row["utterance"] for row in SENTENCES]
    assert sorted(ids) == sorted([*first, *(f"{id}--take2" for id in first)])
    assert [row for row in shares[0] if "take" not in row["utterance"]] == share(SENTENCES, settings(), 1)
    own = {row["utterance"] for row in shares[0]}
    assert any((id in own) != (f"{id}--take2" in own) for id in first)


def test_sentences_of_other_splits_are_left_out():
    rows = SENTENCES + [row | {"split": "test", "utterance": f"t-{row['utterance']}"} for row in SENTENCES]
    assert share(rows, settings(splits=["train"]), 1) == share(SENTENCES, settings(), 1)


def test_a_model_whose_name_begins_another_ones_takes_only_its_own():
    voices = ["coqui/mini", "coqui/mini2/x"]
    first, second = (share(SENTENCES, settings(name=name, voices=voices), 1) for name in ("mini", "mini2"))
    assert len(first) + len(second) == len(SENTENCES)


def test_a_carrier_and_its_control_have_one_voice_and_one_seed():
    engine = ToneEngine()
    rows = list(
        synthesised_rows(engine, share(CARRIERS, settings(voices=["coqui/mini"]), 1), settings(), 1, [], NO_CACHE)
    )
    assert len(rows) == 2
    assert len({row["voice"] for row in rows}) == 1
    assert len({(speaker, seed) for _, speaker, seed in engine.calls}) == 1


def test_voice_samples_have_the_first_test_sentences_for_every_voice():
    tests = [row | {"split": "test"} for row in SENTENCES[:5]]
    rows = share(SENTENCES[5:] + tests, settings(every_voice=2), 1)
    assert [(row["utterance"], row["voice"]) for row in rows] == [
        (f"a-train-{number:05d}--{place}", VOICES[place]) for number in range(2) for place in range(2)
    ]


def test_a_speaker_is_drawn_for_a_voice_without_one_and_is_in_the_manifest():
    engine = ToneEngine()
    mine = share(SENTENCES, settings(voices=["coqui/mini"]), 1)
    rows = list(synthesised_rows(engine, mine, settings(), 1, [], NO_CACHE))
    assert {row["voice"] for row in rows} == {"coqui/mini/ann", "coqui/mini/ben"}
    assert {row["engine"] for row in rows} == {"parrot 1"}
    assert [row["seed"] for row in rows] == [seed for _, _, seed in engine.calls]
    assert len({row["seed"] for row in rows}) == len(rows)
    again = list(synthesised_rows(ToneEngine(), mine[::-1], settings(), 1, [], NO_CACHE))
    assert {row["utterance"]: row["audio"] for row in again} == {row["utterance"]: row["audio"] for row in rows}


def test_only_what_an_engine_offers_is_drawn_and_all_may_be_named():
    engine = ToneEngine()
    engine.usual_speakers = ["ben"]
    rows = version_text(engine, SENTENCES, [])
    assert {row["voice"] for row in rows} == {"coqui/mini/ben"}
    named = share(SENTENCES[:1], settings(voices=["coqui/mini/ann"]), 1)
    assert [row["voice"] for row in synthesised_rows(engine, named, settings(), 1, [], NO_CACHE)] == ["coqui/mini/ann"]


def test_a_speaker_that_is_not_there_is_named_with_those_that_are():
    mine = share(SENTENCES, settings(voices=["coqui/mini/zoe"]), 1)
    with pytest.raises(UserError, match=r"the voice coqui/mini/zoe does not exist: coqui/mini has ann, ben\."):
        list(synthesised_rows(ToneEngine(), mine, settings(), 1, [], NO_CACHE))


def test_a_speaker_may_have_slashes_and_spaces_in_its_name():
    engine = ToneEngine(["v2/en speaker 6"])
    mine = share(SENTENCES[:1], settings(voices=["coqui/mini/v2/en speaker 6"]), 1)
    assert [row["voice"] for row in synthesised_rows(engine, mine, settings(), 1, [], NO_CACHE)] == [
        "coqui/mini/v2/en speaker 6"
    ]


def test_unusable_audio_is_dropped_and_counted():
    drops = []
    odd = [SENTENCES[0] | {"zh": "broken"}, SENTENCES[1] | {"zh": "长" * 30}, SENTENCES[2]]
    rows = list(
        synthesised_rows(ToneEngine(), share(odd, settings(voices=["coqui/mini"]), 1), settings(), 1, drops, NO_CACHE)
    )
    assert [row["utterance"] for row in rows] == ["a-train-00002"]
    assert [(drop.name, drop.reason) for drop in drops] == [("a-train-00000", "babble"), ("a-train-00001", "too long")]


def version_text(engine, sentences, drops, cache=NO_CACHE):
    return list(
        synthesised_rows(engine, share(sentences, settings(voices=["coqui/mini"]), 1), settings(), 1, drops, cache)
    )


@pytest.mark.parametrize(
    "error", [Failed("speech.models.coqui.mini: no."), RuntimeError("sampling\nreaches max_trials"), AssertionError()]
)
def test_a_failure_at_one_sentence_drops_no_other(error, capsys):
    engine, drops = ToneEngine(), []
    engine.failures = {"句子7": error}
    assert len(version_text(engine, SENTENCES, drops)) == len(SENTENCES) - 1
    assert [(drop.name, drop.reason) for drop in drops] == [("a-train-00007", "the engine failed")]
    assert "coqui/mini failed at '句子7': " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (Failed("speech.models.coqui.mini: no."), r"^speech\.models\.coqui\.mini: no\.$"),
        (
            RuntimeError("no\nspeech"),
            r"^coqui/mini failed at 5 of 5 sentences, the last time with RuntimeError: no speech\.$",
        ),
    ],
)
def test_repeated_failures_end_the_job(error, told):
    engine = ToneEngine()
    engine.failures = {row["zh"]: error for row in SENTENCES}
    with pytest.raises(UserError, match=told):
        version_text(engine, SENTENCES, [])
    assert len(engine.calls) == 5


@pytest.mark.parametrize(
    "error", [UserError("give another model."), OSError(28, "No space left on device"), MemoryError()]
)
def test_errors_that_would_recur_end_the_job_at_once(error):
    engine = ToneEngine()
    engine.failures = {"句子7": error}
    with pytest.raises(type(error)):
        version_text(engine, SENTENCES, [])
    assert len(engine.calls) == 8


def test_cached_audio_is_not_synthesised_again_after_a_failure(tmp_path):
    cache = SoundCache(tmp_path, {"model": "x"})
    broken, whole, alone = ToneEngine(), ToneEngine(), ToneEngine()
    broken.failures = {"句子7": UserError("the server is away.")}
    with pytest.raises(UserError, match="away"):
        version_text(broken, SENTENCES, [], cache)
    rows = version_text(whole, SENTENCES, [], cache)
    assert [text for text, *_ in whole.calls] == [row["zh"] for row in SENTENCES[7:]]
    assert rows == version_text(alone, SENTENCES, [])


def test_a_few_failures_end_as_they_would_have_without_an_interruption(tmp_path):
    """Cached audio counts like new audio: a resumed share synthesises mostly what failed before."""
    failures = {f"句子{number}": Failed("no.") for number in (3, 20, 30, 40, 50)}
    ends = []
    for cache in (NO_CACHE, SoundCache(tmp_path, {})):
        engine, drops = ToneEngine(), []
        engine.failures = failures | {"句子58": UserError("interrupted.")}
        with pytest.raises(UserError, match="interrupted"):
            version_text(engine, SENTENCES, drops, cache)
        engine.failures = failures
        ends.append(version_text(engine, SENTENCES, drops, cache))
    assert ends[0] == ends[1]
    assert len(ends[0]) == len(SENTENCES) - 5


def test_a_breakdown_does_not_cost_the_rest_of_a_share(tmp_path):
    engine = ToneEngine()
    engine.failures = {f"句子{number}": RuntimeError("device lost") for number in range(55, 60)}
    with pytest.raises(
        UserError, match=r"failed at 5 of 60 sentences, the last time with RuntimeError: device lost\.$"
    ):
        version_text(engine, SENTENCES, [])


def test_failures_at_more_than_a_tenth_end_the_job():
    engine = ToneEngine()
    engine.failures = {f"句子{number}": Failed("no.") for number in range(0, 60, 3)}
    with pytest.raises(UserError, match=r"^no\.$"):
        version_text(engine, SENTENCES, [])
    assert len(engine.calls) == 16  # the sixth failure of the first fifty


def test_a_share_without_any_success_is_an_error():
    engine = ToneEngine()
    engine.failures = {row["zh"]: Failed("no.") for row in SENTENCES}
    with pytest.raises(UserError, match=r"coqui/mini failed at all 2 sentences of its share"):
        version_text(engine, SENTENCES[:2], [])


def test_out_of_memory_on_the_gpu_ends_the_job_at_once():
    engine = ToneEngine()
    engine.failures = {"句子7": type("OutOfMemoryError", (RuntimeError,), {})("CUDA out of memory")}
    with pytest.raises(UserError, match=r"coqui/mini: the GPU ran out of memory: set text\.limits\.longest lower"):
        version_text(engine, SENTENCES, [])


def test_cached_audio_belongs_to_all_that_it_depends_on(tmp_path):
    def synthesises(about=None, version="1", text="a", speaker="b", seed=1):
        made = []
        SoundCache(tmp_path, about or {"model": "x"}).sound(
            version, text, speaker, seed, lambda: made.append(1) or loud
        )
        return bool(made)

    loud = Sound(np.array([0.1, 1.7, -3e-9], np.float32), 24_000)
    assert synthesises()
    changes = [{"about": {"model": "y"}}, {"version": "2"}, {"text": "b"}, {"speaker": None}, {"seed": 2}]
    assert all(synthesises(**change) for change in changes)
    assert not any(synthesises(**change) for change in ({}, *changes))
    again = SoundCache(tmp_path, {"model": "x"}).sound("1", "a", "b", 1, lambda: None)
    assert again.rate == 24_000 and (again.samples == loud.samples).all()  # louder than full, quieter than a step


def test_damaged_cached_audio_is_synthesised_again(tmp_path):
    cache = SoundCache(tmp_path, {})
    loud = Sound(np.ones(9, np.float32), 8_000)
    cache.sound("1", "a", None, 1, lambda: loud)
    (file,) = tmp_path.rglob("*.wav")
    file.write_bytes(b"RIFF")
    assert len(cache.sound("1", "a", None, 1, lambda: loud).samples) == 9
    assert len(cache.sound("1", "a", None, 1, lambda: None).samples) == 9
    cache.clear()
    assert not tmp_path.exists()
