"""The bundled models of spoken commands, on sentences of every domain that its training does not have."""

import jiwer
import pytest

from tauspeech.data.audio import decode_audio
from tauspeech.models.family import open_model
from tauspeech.models.foundation_sizes import SIZES
from tauspeech.models.tasks import SpeechTask
from tauspeech.plan.foundation import PROSODY
from tauspeech.runtime.paths import FOUNDATIONS, GRAMMARS
from tauspeech.scoring.normalise import for_wer
from tauspeech.speech.espeak_pool import synthesise
from tauspeech.speech.utterances import Utterance
from tauspeech.text.checks import Checker
from tauspeech.text.domain_grammars import grammars_of
from tauspeech.text.template import generate

WHISPERS = ("english-tiny", "english-base", "english-small")
NAMES = (*WHISPERS, "english-ctc")
SENTENCES = 72  # four of each domain


@pytest.fixture(scope="module")
def unseen():
    """Sentences, and their speech in the foundations' voices."""
    size = SIZES[NAMES[0]]
    grammars = grammars_of(GRAMMARS / f"{size.grammar}.yaml", ["en"])
    drawn = generate(grammars, {"test": SENTENCES}, Checker(("en",), None, {}), 1, "tests", None)
    texts = [sentence["en"] for sentence in drawn["test"]]
    voices = PROSODY | {"longest": 6.0, "voices": size.voices["en"]}
    said = synthesise([Utterance(f"u{number}", text) for number, text in enumerate(texts)], voices, 1, 1)
    return texts, [decode_audio(each.flac) for each in said]


@pytest.mark.parametrize("name", NAMES)
def test_it_recognises_unseen_commands_in_its_own_voices(unseen, name):
    texts, speech = unseen
    model = open_model(FOUNDATIONS / name)
    model.network.eval()
    encoded = model.encode([model.features(samples) for samples in speech])
    found = model.decode(encoded, SpeechTask("transcribe", "en", "en"), beams=1, new_tokens=60)
    assert 100 * jiwer.wer(*([for_wer(each, "en") for each in side] for side in (texts, found))) <= 15


def test_they_are_small():
    files = [file for name in WHISPERS for file in (FOUNDATIONS / name).iterdir()]
    assert sum(file.stat().st_size for file in files) <= 12e6
