"""The experiment foundation: a small Whisper trained from scratch on general sentences, to have a base without a download."""

from pathlib import Path
from typing import Any

from tauspeech.plan.foundation_sizes import SENTENCES, TRAINING
from tauspeech.plan.jobs import Job, Plan
from tauspeech.plan.sources import grammar_source

# Faster and slower, higher and lower than the words of an experiment are spoken.
VOICES = {"rate": [215, 275], "pitch": [35, 65]}


def foundation_base(size: str, languages: tuple[str, ...], config: dict[str, Any], seed: int) -> Job:
    """The jobs that train a foundation; they depend on no rare word."""
    set_id = f"foundation-{size}"
    text_settings = {
        "languages": list(languages),
        "limits": config["text"]["limits"],
        "own": None,
        "grammar": grammar_source(languages),
        "word": None,
        "word_id": "",
        "counts": SENTENCES[size],
    }
    text = Job("text", set_id, text_settings, seed=seed)
    voices = config["speech"]["voices"][languages[0]]
    speech_settings = {
        "engine": "espeak",
        "language": languages[0],
        "languages": list(languages),
        "voices": voices,
    } | VOICES
    speech = Job("speech", set_id, speech_settings, {"text": text}, seed, threads=0)
    settings = {
        "kind": "train",
        "size": size,
        "source": languages[0],
        "target": languages[-1],
        "training": TRAINING[size] | {"precision": config["training"]["precision"]},
    }
    return Job("base", "base", settings, {"speech": speech}, seed, config["training"]["threads"])


def plan(config: dict[str, Any], results: Path) -> Plan:
    """A foundation by itself, to be shipped."""
    languages = tuple(dict.fromkeys((config["languages"]["source"], config["languages"]["target"])))
    return Plan([foundation_base(config["size"], languages, config, config["seed"])])
