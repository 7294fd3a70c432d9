"""The bundled Whisper of spoken commands, on sentences of every domain that its training does not have."""

import jiwer

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

SIZE = SIZES["english-tiny"]
SENTENCES = 72  # four of each domain


def test_it_recognises_unseen_commands_in_its_own_voices():
    grammars = grammars_of(GRAMMARS / f"{SIZE.grammar}.yaml", ["en"])
    drawn = generate(grammars, {"test": SENTENCES}, Checker(("en",), None, {}), 1, "tests", None)
    texts = [sentence["en"] for sentence in drawn["test"]]
    voices = PROSODY | {"longest": 6.0, "voices": SIZE.voices["en"]}
    said = synthesise([Utterance(f"u{number}", text) for number, text in enumerate(texts)], voices, 1, 1)
    model = open_model(FOUNDATIONS / "english-tiny")
    model.network.eval()
    encoded = model.encode([model.features(decode_audio(each.flac)) for each in said])
    found = model.decode(encoded, SpeechTask("transcribe", "en", "en"), beams=1, new_tokens=60)
    assert 100 * jiwer.wer(*([for_wer(each, "en") for each in side] for side in (texts, found))) <= 15
