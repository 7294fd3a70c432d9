"""Audio of any kind becomes 16 kHz mono."""

import numpy as np
import pytest
import soundfile

from tauspeech.data.audio import RATE, decode_audio, encode_audio, read
from tauspeech.runtime.errors import UserError


def sine(frequency, rate, seconds=0.5):
    return 0.5 * np.sin(2 * np.pi * frequency * np.arange(int(seconds * rate)) / rate)


def loudest(samples):
    """The frequency with the most energy."""
    return np.argmax(np.abs(np.fft.rfft(samples * np.hanning(len(samples))))) * RATE / len(samples)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".ogg"])
def test_every_usual_file_is_read(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    soundfile.write(path, sine(440, RATE), RATE)
    samples = read(path)
    assert samples.ndim == 1
    assert samples.dtype == np.float32
    assert len(samples) == pytest.approx(RATE / 2, rel=0.15)  # MP3 pads
    assert loudest(samples) == pytest.approx(440, abs=4)


def test_stereo_at_another_rate_keeps_its_length_and_frequency(tmp_path):
    left, right = sine(1000, 44_100), sine(1000, 44_100) * 0.5
    soundfile.write(tmp_path / "a.wav", np.stack([left, right], axis=1), 44_100, subtype="FLOAT")
    samples = read(tmp_path / "a.wav")
    assert abs(len(samples) - RATE / 2) <= 1
    assert loudest(samples) == pytest.approx(1000, abs=2)
    assert np.abs(samples[1000:-1000]).max() == pytest.approx(0.375, abs=0.01)


def test_what_lies_above_the_new_rate_is_filtered_out(tmp_path):
    soundfile.write(tmp_path / "a.wav", sine(12_000, 44_100), 44_100)
    assert np.abs(read(tmp_path / "a.wav")[1000:-1000]).max() < 0.001


def test_16_khz_mono_is_left_alone(tmp_path):
    soundfile.write(tmp_path / "a.wav", sine(300, RATE), RATE, subtype="FLOAT")
    np.testing.assert_array_equal(read(tmp_path / "a.wav"), sine(300, RATE).astype(np.float32))


def test_flac_keeps_16_bits_and_clips_what_is_louder():
    samples = np.concatenate([sine(440, RATE), [3.0, -3.0]])
    again = decode_audio(encode_audio(samples))
    np.testing.assert_allclose(again[:-2], samples[:-2], atol=2**-15)
    np.testing.assert_allclose(again[-2:], [1, -1], atol=2**-14)
    assert encode_audio(samples) == encode_audio(samples)


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda path: None, r"a\.wav cannot be read as audio"),
        (lambda path: path.write_bytes(b""), r"a\.wav cannot be read as audio"),
        (lambda path: path.write_text("not audio at all"), r"a\.wav cannot be read as audio .*give a WAV, FLAC"),
        (lambda path: soundfile.write(path, np.zeros(0), RATE), r"a\.wav holds no audio"),
        (
            lambda path: soundfile.write(path, np.array([0.0, np.nan, 0.1]), RATE, subtype="FLOAT"),
            r"a\.wav holds samples that are not numbers",
        ),
    ],
)
def test_a_file_that_is_no_recording_is_named(tmp_path, write, message):
    write(tmp_path / "a.wav")
    with pytest.raises(UserError, match=message):
        read(tmp_path / "a.wav")
