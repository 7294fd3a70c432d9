"""Names of espeak-ng's voices without its library, compared with what the library takes."""

import pytest

from tauspeech.plan.foundation import VOICES
from tauspeech.runtime.errors import UserError
from tauspeech.speech import espeak_voices
from tauspeech.speech.espeak_library import _set_voice

GOOD = [
    "cmn",
    "cmn+f2",
    "en-us",
    "EN-US",
    "en-gb-x-rp+f4",
    "sv+m7",
    "pt-BR",
    "pt-br",
    "ko",
    "roa/ca",
    "German",
    "de+Andy",
]
BAD = ["cmn+nobody", "cmx", "zh", "xx", "cmn+F2", "cmn+f2+m3", "sit/de"]
NO_VOICES = ["cmn+", "sit", "f2"]  # the library takes them: as the plain voice, a folder, and a variant without a voice


@pytest.fixture
def library(monkeypatch):
    """True if the library takes a voice."""

    def takes(voice):
        try:
            _set_voice(voice)
        except UserError:
            return False
        return True

    return takes


@pytest.mark.parametrize("voice", [*GOOD, *VOICES["zh"], *VOICES["en"]])
def test_a_voice_of_the_library_is_known(voice, library):
    assert library(voice)
    assert espeak_voices.refusal(voice) is None


@pytest.mark.parametrize("voice", BAD)
def test_another_voice_is_refused(voice, library):
    assert espeak_voices.refusal(voice)
    assert not library(voice)


@pytest.mark.parametrize("voice", NO_VOICES)
def test_what_the_library_takes_although_it_is_no_voice_is_refused(voice):
    assert espeak_voices.refusal(voice)


@pytest.mark.parametrize(
    ("voice", "sentence"),
    [
        ("zh", "espeak-ng has no voice 'zh': did you mean 'cmn'?"),
        ("en-uss", "espeak-ng has no voice 'en-uss': did you mean 'en-us'?"),
        (
            "nothing-like-it",
            "espeak-ng has no voice 'nothing-like-it': give one such as cmn, or a variant of it such as",
        ),
        ("cmn+nobody", "espeak-ng has no variant 'nobody', as in 'cmn+nobody': give one such as f2 or m3."),
        ("cmn+klat3", "espeak-ng has no variant 'klat3', as in 'cmn+klat3': did you mean 'klatt3'?"),
    ],
)
def test_a_refusal_names_what_was_meant(voice, sentence):
    assert espeak_voices.refusal(voice).startswith(sentence)


def test_without_the_wheel_nothing_is_refused(monkeypatch):
    monkeypatch.setattr(espeak_voices, "find_spec", lambda name: None)
    assert espeak_voices.refusal.__wrapped__("cmn+nobody") is None
