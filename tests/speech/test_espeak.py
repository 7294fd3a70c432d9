"""espeak-ng: audio depends only on text, settings, seed and id."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml

from tauspeech.data.audio import RATE, decode_audio
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.paths import EXPERIMENTS
from tauspeech.speech.espeak_library import version
from tauspeech.speech.espeak_pool import synthesise
from tauspeech.speech.utterances import Utterance

SETTINGS = {"voices": ["cmn", "cmn+f2", "cmn+m3"], "rate": [220, 270], "pitch": [40, 60], "longest": 30.0}
TEXTS = ["我们去了柏林墙。", "他看到了一本书。", "昨天很热。", "巴黎离这里远吗？", "很多人都知道他。", "春天非常美丽。"]
UTTERANCES = [Utterance(f"a-train-{number:05d}", text) for number, text in enumerate(TEXTS)]


def synthesised(utterances, workers=1, seed=1, **changes):
    return {result.id: result for result in synthesise(utterances, SETTINGS | changes, seed, workers)}


@pytest.fixture(scope="module")
def results():
    return synthesised(UTTERANCES)


def test_the_bytes_depend_neither_on_the_number_of_workers_nor_on_the_order(results):
    assert synthesised(UTTERANCES, workers=3) == results
    assert synthesised(list(reversed(UTTERANCES)), workers=2) == results
    assert synthesised(UTTERANCES[3:4]) == {UTTERANCES[3].id: results[UTTERANCES[3].id]}


def test_utterances_come_in_order(results):
    assert list(synthesised(UTTERANCES, workers=3)) == [utterance.id for utterance in UTTERANCES] == list(results)


def test_another_id_has_another_voice_and_another_seed_too():
    several = [Utterance(f"b-{number}", TEXTS[0]) for number in range(8)]
    voices = synthesised(several)
    assert {result.voice.split()[0] for result in voices.values()} == set(SETTINGS["voices"])
    assert len({result.voice for result in voices.values()}) == len({v.flac for v in voices.values()}) == 8
    assert {id: v.voice for id, v in synthesised(several, seed=2).items()} != {id: v.voice for id, v in voices.items()}


def test_the_voice_depends_on_the_id_and_not_on_the_text():
    (one,), (other,) = (synthesised([Utterance("b-0", text)]).values() for text in TEXTS[:2])
    assert one.voice == other.voice
    assert one.flac != other.flac


def test_rate_and_pitch_stay_within_their_limits_and_do_something():
    (slow,) = synthesised(UTTERANCES[:1], rate=[120, 120], voices=["cmn"], pitch=[50, 50]).values()
    (fast,) = synthesised(UTTERANCES[:1], rate=[360, 360], voices=["cmn"], pitch=[50, 50]).values()
    (high,) = synthesised(UTTERANCES[:1], rate=[120, 120], voices=["cmn"], pitch=[80, 80]).values()
    assert slow.voice == "cmn rate=120 pitch=50"
    assert slow.samples > 1.5 * fast.samples
    assert slow.flac != high.flac


def test_audio_is_not_silent(results):
    for result in results.values():
        samples = decode_audio(result.flac)
        assert len(samples) == result.samples
        assert 0.5 * RATE < len(samples) < 6 * RATE
        assert 0.02 < np.sqrt(np.mean(samples**2)) < 0.5


def test_an_unknown_voice_is_named_though_it_fails_in_a_worker():
    with pytest.raises(UserError, match=r"espeak-ng has no voice 'klingon-x': .*speech\.voices"):
        synthesised(UTTERANCES[:2], workers=2, voices=["klingon-x"])


def test_an_unknown_variant_of_a_voice_is_named():
    with pytest.raises(UserError, match=r"espeak-ng has no voice 'cmn\+zz'"):
        synthesised(UTTERANCES[:1], voices=["cmn+zz"])


def test_a_text_without_sound_is_named():
    with pytest.raises(UserError, match="produced no audio for '' with the voice"):
        synthesised([Utterance("a", "")])


def test_markup_is_not_interpreted():
    (plain,) = synthesised([Utterance("a", "你好 世界")]).values()
    (marked,) = synthesised([Utterance("a", '你好<break time="5s"/> 世界')]).values()
    assert marked.samples < plain.samples + 5 * RATE


def test_version():
    assert version().startswith("espeak-ng 1.")


def test_another_process_at_another_time_makes_the_same_audio():
    """Also of a breathy voice, whose noise espeak-ng would otherwise seed with the time of day."""
    code = (
        "import hashlib, sys; sys.path.insert(0, sys.argv[1]); from tauspeech.speech import espeak_library; "
        "print(hashlib.sha256(espeak_library.espeak_synthesise('柏林墙', 'cmn+f2', 240, 50).samples.tobytes()).hexdigest())"
    )
    scripts = str(Path(__file__).resolve().parents[2] / "workflow/scripts")
    hashes = set()
    for pause in (0, 1.1):
        time.sleep(pause)
        hashes.add(subprocess.run([sys.executable, "-c", code, scripts], check=True, capture_output=True).stdout)
    assert len(hashes) == 1


def test_espeak_has_every_voice_of_the_default_configuration():
    schema = yaml.safe_load((EXPERIMENTS / "rare_words" / "schema.yaml").read_text(encoding="utf-8"))
    voices = schema["properties"]["speech"]["properties"]["voices"]["default"]
    for name in [name for names in voices.values() for name in names]:
        assert synthesised([Utterance("a", "one")], voices=[name])["a"].samples > 1000, name
