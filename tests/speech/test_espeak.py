"""The embedded voice: what it says depends on text, settings, seed and id, and on nothing else."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml

from tauspeech.data.audio import RATE, decode_audio
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.paths import SCHEMAS
from tauspeech.speech.espeak_library import version
from tauspeech.speech.espeak_pool import synthesise
from tauspeech.speech.utterances import Utterance

SETTINGS = {"voices": ["cmn", "cmn+f2", "cmn+m3"], "rate": [220, 270], "pitch": [40, 60], "longest": 30.0}
TEXTS = ["我们去了柏林墙。", "他看到了一本书。", "昨天很热。", "巴黎离这里远吗？", "很多人都知道他。", "春天非常美丽。"]
UTTERANCES = [Utterance(f"a-train-{number:05d}", text) for number, text in enumerate(TEXTS)]


def say(utterances, workers=1, seed=1, **changes):
    return {voiced.id: voiced for voiced in synthesise(utterances, SETTINGS | changes, seed, workers)}


@pytest.fixture(scope="module")
def said():
    return say(UTTERANCES)


def test_the_bytes_depend_neither_on_the_number_of_workers_nor_on_the_order(said):
    assert say(UTTERANCES, workers=3) == said
    assert say(list(reversed(UTTERANCES)), workers=2) == said
    assert say(UTTERANCES[3:4]) == {UTTERANCES[3].id: said[UTTERANCES[3].id]}


def test_utterances_come_in_order(said):
    assert list(say(UTTERANCES, workers=3)) == [utterance.id for utterance in UTTERANCES] == list(said)


def test_another_id_has_another_voice_and_another_seed_too():
    several = [Utterance(f"b-{number}", TEXTS[0]) for number in range(8)]
    voices = say(several)
    assert {voiced.voice.split()[0] for voiced in voices.values()} == set(SETTINGS["voices"])
    assert len({voiced.voice for voiced in voices.values()}) == len({v.flac for v in voices.values()}) == 8
    assert {id: v.voice for id, v in say(several, seed=2).items()} != {id: v.voice for id, v in voices.items()}


def test_the_voice_belongs_to_the_id_whatever_is_said():
    (one,), (other,) = (say([Utterance("b-0", text)]).values() for text in TEXTS[:2])
    assert one.voice == other.voice
    assert one.flac != other.flac


def test_rate_and_pitch_stay_within_their_limits_and_do_something():
    (slow,) = say(UTTERANCES[:1], rate=[120, 120], voices=["cmn"], pitch=[50, 50]).values()
    (fast,) = say(UTTERANCES[:1], rate=[360, 360], voices=["cmn"], pitch=[50, 50]).values()
    (high,) = say(UTTERANCES[:1], rate=[120, 120], voices=["cmn"], pitch=[80, 80]).values()
    assert slow.voice == "cmn rate=120 pitch=50"
    assert slow.samples > 1.5 * fast.samples
    assert slow.flac != high.flac


def test_what_is_said_can_be_heard(said):
    for voiced in said.values():
        samples = decode_audio(voiced.flac)
        assert len(samples) == voiced.samples
        assert 0.5 * RATE < len(samples) < 6 * RATE
        assert 0.02 < np.sqrt(np.mean(samples**2)) < 0.5


def test_an_unknown_voice_is_named_though_it_fails_in_a_worker():
    with pytest.raises(UserError, match=r"espeak-ng has no voice 'klingon-x': .*speech\.voices"):
        say(UTTERANCES[:2], workers=2, voices=["klingon-x"])


def test_an_unknown_variant_of_a_voice_is_named():
    with pytest.raises(UserError, match=r"espeak-ng has no voice 'cmn\+zz'"):
        say(UTTERANCES[:1], voices=["cmn+zz"])


def test_a_text_without_sound_is_named():
    with pytest.raises(UserError, match="made no sound of '' with the voice"):
        say([Utterance("a", "")])


def test_markup_is_read_out_and_not_obeyed():
    (plain,) = say([Utterance("a", "你好 世界")]).values()
    (marked,) = say([Utterance("a", '你好<break time="5s"/> 世界')]).values()
    assert marked.samples < plain.samples + 5 * RATE


def test_the_engine_tells_its_version():
    assert version().startswith("espeak-ng 1.")


def test_another_process_at_another_time_says_the_same():
    """Also a voice with breath, whose noise espeak-ng would begin from the time of day."""
    code = (
        "import hashlib, sys; sys.path.insert(0, sys.argv[1]); from tauspeech.speech import espeak_library; "
        "print(hashlib.sha256(espeak_library.espeak_synthesise('柏林墙', 'cmn+f2', 240, 50).samples.tobytes()).hexdigest())"
    )
    scripts = str(Path(__file__).resolve().parents[2] / "workflow/scripts")
    said = set()
    for pause in (0, 1.1):
        time.sleep(pause)
        said.add(subprocess.run([sys.executable, "-c", code, scripts], check=True, capture_output=True).stdout)
    assert len(said) == 1


def test_espeak_has_every_voice_of_the_default_configuration():
    schema = yaml.safe_load((SCHEMAS / "rare_words.schema.yaml").read_text(encoding="utf-8"))
    voices = schema["properties"]["speech"]["properties"]["voices"]["default"]
    for name in [name for names in voices.values() for name in names]:
        assert say([Utterance("a", "one")], voices=[name])["a"].samples > 1000, name
