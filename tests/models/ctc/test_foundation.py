"""The bundled English conformer, and transcription of long audio with it."""

import jiwer
import numpy as np
import pytest

from tauspeech.data.audio import RATE, decode_audio
from tauspeech.data.randomness import derive_rng
from tauspeech.models.ctc.long_audio import open_transcriber
from tauspeech.models.family import open_model
from tauspeech.models.foundation_sizes import SIZES
from tauspeech.models.tasks import SpeechTask
from tauspeech.models.transcription import open_transcriber as open_any
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.paths import FOUNDATIONS, GRAMMARS
from tauspeech.scoring.normalise import for_wer
from tauspeech.speech.espeak_pool import synthesise
from tauspeech.speech.utterances import Utterance
from tauspeech.text.grammar import Grammar
from tauspeech.text.template import sentences

FOLDER, SIZE = FOUNDATIONS / "ctc-small", SIZES["ctc-small"]
PROSODY = {"rate": [215, 275], "pitch": [35, 65], "longest": 30.0}
COUNT = 60


@pytest.fixture(scope="module")
def unseen():
    """Sentences of the grammar's test split, which no training has, and their speech."""
    grammar = Grammar.load(GRAMMARS / f"{SIZE.grammar}.yaml", ["en"])
    drawn = sentences(grammar, derive_rng(1, "tests"), "test", None)
    texts = list({next(drawn)["en"]: None for _ in range(2 * COUNT)})[:COUNT]
    assert len(texts) == COUNT
    said = synthesise(
        [Utterance(f"u{n}", text) for n, text in enumerate(texts)], PROSODY | {"voices": SIZE.voices["en"]}, 1, 1
    )
    return texts, [decode_audio(sound.flac) for sound in said]


def error_rate(texts, found):
    truth, hypotheses = ([for_wer(each, "en") for each in side] for side in (texts, found))
    return 100 * jiwer.wer(truth, hypotheses)


def test_it_recognises_unseen_sentences_and_beams_are_not_worse(unseen):
    texts, speech = unseen
    model = open_model(FOLDER)
    model.network.eval()
    encoded = model.encode([model.features(samples) for samples in speech])
    english = SpeechTask("transcribe", "en", "en")
    greedy, beams = (error_rate(texts, model.decode(encoded, english, beams=n, new_tokens=0)) for n in (1, 10))
    assert beams <= greedy <= 10


def test_it_is_small():
    def size(folder):
        return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6

    assert size(FOLDER) <= 5
    assert size(FOUNDATIONS.parent) <= 45


def test_long_audio_is_transcribed_in_pieces(unseen):
    texts, speech = unseen
    pause = np.zeros(RATE * 6 // 10, np.float32)
    together = np.concatenate([part for samples in speech[:15] for part in (samples, pause)])
    assert len(together) > 2 * RATE * open_model(FOLDER).window
    transcript = open_any(FOLDER, language="en", beams=4).transcribe(together)
    assert len(transcript.segments) >= 15
    assert transcript.language == "en"
    assert all(segment.start < segment.end for segment in transcript.segments)
    assert error_rate([" ".join(texts[:15])], [transcript.text]) <= 10


def test_silence_gives_an_empty_text_and_translation_is_refused():
    assert open_any(FOLDER).transcribe(np.zeros(RATE, np.float32)).text == ""
    with pytest.raises(UserError, match="CTC models only transcribe: leave --task out"):
        open_transcriber(FOLDER, language=None, task="translate", beams=1)
