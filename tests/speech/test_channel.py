"""Simulated recordings: each effect measured against its parameter, and recordings that depend on their own utterance alone."""

import numpy as np
import pytest

import apply_channel
from tauspeech.data import manifest
from tauspeech.data.audio import RATE, decode_audio, encode_audio
from tauspeech.data.schemas import checked
from tauspeech.plan.config import marked_part
from tauspeech.plan.jobs import PlannedJob
from tauspeech.runtime.job import Job
from tauspeech.runtime.receipts import write_receipt
from tauspeech.runtime.stages import receipt_path, spec_path
from tauspeech.speech.channel.effects import Drawn, drawn, recorded, through_channel
from tauspeech.speech.channel.filters import filtered, frequencies, power
from tauspeech.speech.channel.noise import KINDS, with_noise
from tauspeech.speech.channel.rooms import GAP, impulse_response, in_room
from tauspeech.speech.channel.telephone import CODECS, telephoned

NOTHING = Drawn(None, None, None, None, 0.0)


@pytest.fixture
def settings():
    """The defaults of a channel."""
    return checked({}, {"type": "object"} | marked_part("channel"), "test")


@pytest.fixture
def speech():
    """Two seconds whose loudness changes, as that of speech does."""
    random = np.random.default_rng(1)
    loudness = 0.02 + 0.1 * np.abs(np.sin(np.arange(2 * RATE) / RATE * 9))
    return (loudness * random.standard_normal(2 * RATE)).astype(np.float32)


def level(samples, low, high):
    """Power in a band, in dB."""
    spectrum = np.abs(np.fft.rfft(samples)) ** 2
    inside = (frequencies(len(samples)) >= low) & (frequencies(len(samples)) < high)
    return 10 * np.log10(spectrum[inside].mean())


@pytest.mark.parametrize("seconds", [0.2, 0.6, 1.2])
def test_reverberation_falls_by_60_db_in_its_time(seconds):
    tail = impulse_response(seconds, 0.0, np.random.default_rng(2))[round(GAP * RATE) :]
    energy = np.cumsum(tail[::-1] ** 2)[::-1]  # Schroeder's backward integral
    decay = 10 * np.log10(energy / energy[0])
    start, stop = (int(np.argmax(decay < limit)) for limit in (-5, -25))
    measured = (stop - start) / RATE * 60 / 20
    assert measured == pytest.approx(seconds, rel=0.1)


@pytest.mark.parametrize("direct", [-5.0, 0.0, 10.0])
def test_the_direct_path_lies_above_the_reflections_by_its_level(direct):
    response = impulse_response(0.5, direct, np.random.default_rng(3))
    assert 10 * np.log10(response[0] ** 2 / np.square(response[1:]).sum()) == pytest.approx(direct)


def test_speech_in_a_room_is_as_long_and_as_loud_as_before(speech):
    found = in_room(speech, 0.5, 0.0, np.random.default_rng(4))
    assert len(found) == len(speech) and power(found) == pytest.approx(power(speech))
    assert np.corrcoef(found, speech)[0, 1] < 0.9


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("snr", [0.0, 12.0])
def test_noise_has_its_ratio_to_the_speech(speech, kind, snr):
    noise = with_noise(speech, kind, snr, np.random.default_rng(5)) - speech
    assert 10 * np.log10(power(speech) / power(noise)) == pytest.approx(snr, abs=1e-3)


@pytest.mark.parametrize(("kind", "slope"), [("white", 0.0), ("pink", -3.0), ("brown", -6.0)])
def test_colours_of_noise_fall_by_their_slope_in_an_octave(kind, slope):
    noise = KINDS[kind](np.zeros(20 * RATE), np.random.default_rng(6))
    assert (level(noise, 2000, 2200) - level(noise, 500, 550)) / 2 == pytest.approx(slope, abs=0.4)


def test_hum_has_the_mains_frequency_and_its_harmonics():
    spectrum = np.abs(np.fft.rfft(KINDS["hum"](np.zeros(RATE), np.random.default_rng(7))))
    assert set(np.flatnonzero(spectrum > 0.01 * spectrum.max())) == set(range(50, 601, 50))


def test_babble_has_the_spectrum_of_the_speech_and_is_not_the_speech(speech):
    tone = filtered(speech, 600, 900)
    found = KINDS["babble"](tone, np.random.default_rng(7))
    assert level(found, 500, 1100) > level(found, 2000, 8000) + 20
    assert abs(np.corrcoef(found, tone)[0, 1]) < 0.1
    silence = np.zeros(RATE)
    assert not with_noise(silence, "babble", 5.0, np.random.default_rng(7)).any()


def test_a_band_lets_half_of_the_power_pass_at_its_ends():
    noise = np.random.default_rng(8).standard_normal(40 * RATE)
    found = filtered(noise, 200.0, 4000.0)
    for end in (200, 4000):
        change = level(found, 0.99 * end, 1.01 * end) - level(noise, 0.99 * end, 1.01 * end)
        assert change == pytest.approx(-3, abs=0.4)
    assert level(found, 900, 1100) - level(noise, 900, 1100) == pytest.approx(0, abs=0.1)
    assert level(found, 95, 105) - level(noise, 95, 105) == pytest.approx(-24, abs=1)  # an octave below
    assert level(found, 7900, 8000) - level(noise, 7900, 8000) < -20


@pytest.mark.parametrize("codec", CODECS)
def test_a_telephone_has_a_narrow_band_and_the_errors_of_its_codec(speech, codec):
    found = telephoned(speech, codec)
    assert len(found) == len(speech)
    assert level(found, 4200, 8000) < level(found, 500, 3000) - 30
    narrow = filtered(speech, 1, 3400)
    assert 0.5 < np.corrcoef(filtered(found, 1, 3400), narrow)[0, 1] < 0.9999


@pytest.mark.parametrize("codec", CODECS)
def test_a_telephone_takes_samples_at_full_scale(codec):
    """A filter overshoots beyond the largest number of a codec, which libsndfile does not check."""
    square = np.sign(np.sin(2 * np.pi * 300 * np.arange(RATE) / RATE))
    found, expected = telephoned(square, codec), filtered(square, 1, 3400)
    assert np.corrcoef(found, expected)[0, 1] > 0.9


@pytest.mark.parametrize("gain", [-12.0, 6.0])
def test_gain_changes_the_level_by_its_decibels(speech, gain):
    quiet = 0.1 * speech
    found = recorded(quiet, Drawn(None, None, None, None, gain), 1)
    assert 10 * np.log10(power(found) / power(quiet)) == pytest.approx(gain, abs=1e-3)


def test_loud_samples_are_scaled_down(speech):
    found = recorded(speech, Drawn(None, None, None, None, 40.0), 1)
    assert np.abs(found).max() == pytest.approx(0.99, abs=1e-3)
    assert np.corrcoef(found, speech)[0, 1] == pytest.approx(1)
    assert np.allclose(recorded(speech, NOTHING, 1), speech, atol=1e-7)


def test_shares_say_how_many_utterances_get_an_effect(settings):
    settings = settings | {"telephone": settings["telephone"] | {"share": 0.3}}
    found = [drawn(settings, 1, f"u-{number}") for number in range(1000)]
    assert 250 < sum(effects.codec is not None for effects in found) < 350
    assert all(effects.noise and 5 <= effects.noise[1] <= 20 for effects in found)
    assert {effects.noise[0] for effects in found} == set(settings["noise"]["kinds"])


def test_a_change_of_one_effect_leaves_the_others_as_they_are(settings):
    without = settings | {"rooms": settings["rooms"] | {"share": 0}, "gain": [0, 0]}
    for number in range(20):
        one, other = (drawn(each, 1, f"u-{number}") for each in (settings, without))
        assert other.room is None and (one.noise, one.band, one.codec) == (other.noise, other.band, other.codec)


def test_a_recording_depends_on_its_utterance_and_seed_alone(settings, speech):
    one, again = (through_channel(speech, settings, 1, "u-1") for _ in range(2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, through_channel(speech, settings, 1, "u-2"))
    assert not np.array_equal(one, through_channel(speech, settings, 2, "u-1"))


def test_the_stage_writes_a_set_with_other_audio_and_the_same_texts(tmp_path, settings, speech):
    results = tmp_path / "results" / "t"
    rows = [
        {"utterance": f"u-{n}", "split": "test", "word_id": "", "en": f"text {n}", "seconds": 2.0, "voice": "v", "engine": "e",
         "seed": None, "audio": {"bytes": encode_audio(speech), "path": None}}
        for n in range(3)
    ]  # fmt: skip
    clean = PlannedJob("speech", "clean", {})
    manifest.write(results / "speech" / "clean.parquet", rows, ["en"])
    write_receipt(
        results / receipt_path("speech", "clean"), clean.key, clean.spec, {}, [results / "speech/clean.parquet"], 0
    )
    planned = PlannedJob("channel", "far", {"channel": settings, "languages": ["en"]}, {"speech": clean}, seed=1)
    spec = results / spec_path("channel", "far")
    spec.parent.mkdir(parents=True)
    spec.write_text(planned.text, encoding="utf-8")
    apply_channel.main(Job(spec, 1))
    found = manifest.read(results / "recordings" / "far.parquet")
    assert [(row["utterance"], row["en"], row["seconds"]) for row in found] == [
        (row["utterance"], row["en"], row["seconds"]) for row in rows
    ]
    sounds = [decode_audio(row["audio"]["bytes"]) for row in found]
    assert all(len(sound) == len(speech) for sound in sounds) and not np.array_equal(sounds[0], sounds[1])
