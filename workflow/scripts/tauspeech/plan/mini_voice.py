"""The mini voice: a small neural voice that is trained on general sentences in voices of espeak-ng."""

from typing import Any

from tauspeech.plan.jobs import PlannedJob
from tauspeech.plan.sources import grammar_source

LANGUAGES = ("zh", "en")
SPEAKERS = {
    "zh": ["cmn", "cmn+f2", "cmn+m3"],
    "en": ["en-us", "en-us+f2", "en-us+m3"],
}
SENTENCES, STEPS = 700, 2400
LIMITS = {"shortest": 2, "longest": 60, "near_duplicate": 92}


def mini_voice(config: dict[str, Any], seed: int) -> PlannedJob:
    text_settings = {
        "languages": list(LANGUAGES),
        "limits": LIMITS,
        "source": {"kind": "template"} | grammar_source(LANGUAGES),
        "word": None,
        "word_id": "",
        "counts": {"train": SENTENCES},
    }
    text = PlannedJob("text", "voice-mini", text_settings, seed=seed, modules=("tauspeech.text.sources.template",))
    speakers = {
        f"{language}-{number}": {"language": language, "voice": voice}
        for language, voices in SPEAKERS.items()
        for number, voice in enumerate(voices, 1)
    }
    return PlannedJob("voice", "mini", {"speakers": speakers, "steps": STEPS}, {"text": text}, seed)
