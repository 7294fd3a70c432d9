"""The bundled speech LLM, on sentences that its training does not have, in its foundation's voices."""

import jiwer
import pytest
import sacrebleu

from tauspeech.data.audio import decode_audio
from tauspeech.models.decoding import Decoder
from tauspeech.models.family import open_model
from tauspeech.models.foundation_sizes import SIZES
from tauspeech.models.tasks import SpeechTask
from tauspeech.plan.foundation import LONGEST, PROSODY
from tauspeech.runtime.paths import FOUNDATIONS, GRAMMARS
from tauspeech.scoring.normalise import for_wer
from tauspeech.speech.espeak_pool import synthesise
from tauspeech.speech.utterances import Utterance
from tauspeech.text.checks import Checker
from tauspeech.text.domain_grammars import grammars_of
from tauspeech.text.template import generate

FOLDER = FOUNDATIONS / "speech-llm"
LANGUAGES = ("en", "de", "fr")
SENTENCES = 40


@pytest.fixture(scope="module")
def decoder():
    return Decoder(open_model(FOLDER), {"beams": 1, "batch": 40, "new_tokens": 100, "precision": "fp32"})


@pytest.fixture(scope="module")
def rows(decoder):
    """Sentences of the test split, as units."""
    grammars = grammars_of(GRAMMARS / "ca-de-es-fr-it-id-nl-pt-ru-sv-en.yaml", LANGUAGES)
    texts = generate(grammars, {"test": SENTENCES}, Checker(LANGUAGES, None, {}), 1, "tests", None)["test"]
    voices = PROSODY | {"longest": LONGEST, "voices": SIZES["speech-llm"].voices["en"]}
    said = synthesise([Utterance(f"u{number}", text["en"]) for number, text in enumerate(texts)], voices, 1, 1)
    sounds = [decode_audio(each.flac) for each in said]
    return [
        text
        | {"utterance": str(n), "seconds": len(sound) / 16_000, "units": decoder.model.extractor.units(sound).tolist()}
        for n, (text, sound) in enumerate(zip(texts, sounds, strict=True))
    ]


def test_it_is_small(decoder):
    assert sum(weight.numel() for weight in decoder.model.network.parameters()) <= 2.5e6
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) <= 8e6


def test_it_transcribes_unseen_sentences(decoder, rows):
    found = decoder.decode(rows, SpeechTask("transcribe", "en", "en"))
    assert jiwer.wer([for_wer(row["en"], "en") for row in rows], [for_wer(text, "en") for text in found]) <= 0.1


@pytest.mark.parametrize("language", ["de", "fr"])
def test_it_translates_texts_and_not_yet_speech(decoder, rows, language):
    texts, speech = (decoder.decode(rows, SpeechTask(kind, "en", language)) for kind in ("translate_text", "translate"))
    references = [[row[language] for row in rows]]
    assert sacrebleu.corpus_bleu(texts, references).score >= 60
    assert sacrebleu.corpus_bleu(speech, references).score < 5
