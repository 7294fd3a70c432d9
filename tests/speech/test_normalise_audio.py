"""Normalisation of audio."""

import numpy as np
import pytest

from tauspeech.data.audio import RATE
from tauspeech.data.dropped_utterances import Unusable
from tauspeech.speech.engine import Sound
from tauspeech.speech.normalisation import normalise_audio


def tone(seconds, rate=RATE, level=0.3):
    return (level * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


def silence(seconds, rate=RATE):
    return np.zeros(int(seconds * rate), np.float32)


def loudness(samples):
    return 20 * np.log10(np.sqrt(np.mean(samples.astype(np.float64) ** 2)))


def test_silence_at_the_edges_is_trimmed_to_a_margin():
    said = np.concatenate([silence(1), tone(0.8), silence(0.3), tone(0.5), silence(2)])
    samples = normalise_audio(Sound(said, RATE), 30)
    assert len(samples) / RATE == pytest.approx(1.6 + 0.1, abs=0.02)  # 50 ms at either edge; the pause stays


def test_faint_noise_at_the_edges_is_silence():
    noise = 0.0005 * np.random.default_rng(1).standard_normal(RATE).astype(np.float32)
    samples = normalise_audio(Sound(np.concatenate([noise, tone(1), noise]), RATE), 30)
    assert len(samples) / RATE == pytest.approx(1.1, abs=0.02)


def test_speech_without_silence_keeps_its_length():
    assert len(normalise_audio(Sound(tone(1.23), RATE), 30)) == len(tone(1.23))


@pytest.mark.parametrize("level", [0.003, 0.05, 0.9])
def test_all_get_one_loudness(level):
    assert loudness(normalise_audio(Sound(tone(1, level=level), RATE), 30)) == pytest.approx(-20, abs=0.1)


def test_a_pause_makes_speech_no_louder():
    said = np.concatenate([tone(1), silence(3), tone(1)])
    assert loudness(normalise_audio(Sound(said, RATE), 30)[: RATE // 2]) == pytest.approx(-20, abs=0.1)


def test_loud_peaks_are_not_clipped():
    clicks = silence(1) + tone(1, level=0.001)
    clicks[::4000] = 1.0
    assert np.abs(normalise_audio(Sound(clicks, RATE), 30)).max() <= 0.99 + 1e-6


@pytest.mark.parametrize("rate", [8_000, 22_050, 24_000, 44_100])
def test_every_rate_becomes_ours_and_the_tone_stays_itself(rate):
    samples = normalise_audio(Sound(tone(1, rate), rate), 30)
    assert len(samples) == pytest.approx(RATE, abs=3)
    spectrum = np.abs(np.fft.rfft(samples))
    assert np.argmax(spectrum) * RATE / len(samples) == pytest.approx(440, abs=2)


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (np.array([], np.float32), "silence"),
        (silence(1), "silence"),
        (tone(1, level=1e-9), "silence"),  # the noise of a network that says nothing
        (np.array([0.1, np.nan], np.float32), "not numbers"),
        (np.array([0.1, np.inf], np.float32), "not numbers"),
        (tone(3), "too long"),
    ],
)
def test_unusable_audio_has_a_reason(samples, reason):
    with pytest.raises(Unusable, match=reason):
        normalise_audio(Sound(samples, RATE), 2.5)


def test_length_is_that_of_the_speech():
    said = np.concatenate([silence(2), tone(1), silence(2)])
    assert len(normalise_audio(Sound(said, RATE), 2.5)) == pytest.approx(1.1 * RATE, abs=400)


def test_a_click_that_resampling_removes_is_silence():
    with pytest.raises(Unusable, match="silence"):
        normalise_audio(Sound(np.array([0.5], np.float32), 48_000), 2.5)
