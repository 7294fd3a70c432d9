"""Voice samples of the report."""

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tauspeech.data.audio import RATE, encode_audio
from tauspeech.reporting.voice_samples import engines_of, samples_from, spectrogram


def tone(frequency, seconds=1.0):
    return (0.3 * np.sin(2 * np.pi * frequency * np.arange(int(seconds * RATE)) / RATE)).astype(np.float32)


def picture(samples):
    return np.asarray(Image.open(io.BytesIO(spectrogram(samples))).convert("L"))


@pytest.mark.parametrize("frequency", [500, 2000, 6000])
def test_a_tone_is_a_dark_line_at_its_height(frequency):
    drawn = picture(tone(frequency))
    row = np.argmin(drawn.mean(axis=1))
    assert 8000 * (1 - row / drawn.shape[0]) == pytest.approx(frequency, abs=200)


def test_time_goes_from_left_to_right():
    drawn = picture(np.concatenate([tone(1000, 0.5), np.zeros(RATE, np.float32)]))
    assert drawn.shape[1] == pytest.approx(150, abs=2)
    dark = np.flatnonzero(drawn.min(axis=0) < 64)
    assert dark.max() == pytest.approx(50, abs=5)


def test_the_shortest_sound_has_a_picture():
    assert picture(np.zeros(1, np.float32) + 0.1).size


def test_voices_stand_with_their_sentence():
    audio = encode_audio(tone(440))
    rows = [
        {
            "language": "zh",
            "sentence": sentence,
            "hypothesis": f"{sentence}?",
            "audio": audio,
            "voice": voice,
            "engine": "e",
            "seconds": 1.0,
        }
        for sentence in ("一", "二")
        for voice in ("a", "b")
    ]
    found = samples_from([pd.DataFrame(rows)])
    assert [(each.sentence, [voice.name for voice in each.voices]) for each in found] == [
        ("一", ["a", "b"]),
        ("二", ["a", "b"]),
    ]
    assert found[0].voices[0].hypothesis == "一?"


def test_a_report_names_engines_and_models():
    voices = {"ca": ["ca", "espeak/ca+f2"], "de": ["coqui/xtts/Ana", "coqui/xtts/Ben", "http/a/b"]}
    assert engines_of({"voices": voices}) == "espeak, coqui/xtts, http/a"
