"""The experiment foundation: a small Whisper trained from scratch on general sentences, to have a base without a download."""

from pathlib import Path
from typing import Any

from tauspeech.models.foundation_sizes import SENTENCES, TRAINING
from tauspeech.plan.jobs import Plan, PlannedJob
from tauspeech.plan.sources import grammar_source
from tauspeech.plan.voices import short, voices_of

# Faster and slower, higher and lower than the words of an experiment are spoken.
MANNER = {"rate": [215, 275], "pitch": [35, 65]}
VOICES = {
    "zh": ["cmn", "cmn+f2", "cmn+m3", "cmn+f4", "cmn+m7"],
    "en": ["en-us", "en-us+f2", "en-gb-x-rp", "en-us+m3", "en-gb-x-rp+f4"],
}
LONGEST = 30.0  # seconds, what Whisper hears at once


def foundation_base(size: str, sources: tuple[str, ...], target: str, config: dict[str, Any], seed: int) -> PlannedJob:
    """The jobs that train a foundation on one or several languages; they depend on no experiment's sets."""
    sets = {source: _speech(size, source, target, len(sources) > 1, config, seed) for source in sources}
    lessons = {set.id: _lessons(source, target) for source, set in sets.items()}
    settings = {
        "kind": "train",
        "size": size,
        "languages": sorted({*sources, target}),
        "lessons": lessons,
        "training": TRAINING[size] | {"precision": config["training"]["precision"]},
    }
    return PlannedJob("base", "base", settings, {"speech": list(sets.values())}, seed, config["training"]["threads"])


def _lessons(source: str, target: str) -> list[dict[str, str]]:
    tasks = ["transcribe"] if source == target else ["transcribe", "translate"]
    return [{"task": task, "source": source, "target": target} for task in tasks]


def _voices(config: dict[str, Any], language: str) -> list[str]:
    """An experiment's own voices are not its foundation's: fine-tuning is to have something to add."""
    if config["experiment"] == "foundation":
        return [short(voice) for voice in voices_of(config["speech"], language)]
    return VOICES.get(language) or [f"{language}{variant}" for variant in ("", "+f2", "+m3", "+f4")]


def _speech(size: str, source: str, target: str, several: bool, config: dict[str, Any], seed: int) -> PlannedJob:
    languages = tuple(dict.fromkeys((source, target)))
    text_settings = {
        "languages": list(languages),
        "limits": config["text"]["limits"],
        "source": {"kind": "template"} | grammar_source(languages),
        "word": None,
        "word_id": "",
        "counts": SENTENCES[size],
    }
    name = f"foundation-{size}" + (f"--{source}" if several else "")
    text = PlannedJob("text", name, text_settings, seed=seed, module="tauspeech.text.sources.template")
    speech_settings = {
        "way": "espeak",
        "language": source,
        "languages": list(languages),
        "voices": _voices(config, source),
        "longest": LONGEST,
        "hours": None,
    } | MANNER
    return PlannedJob(
        "speech", text.id, speech_settings, {"text": text}, seed, threads=0, module="tauspeech.speech.sets.espeak"
    )


def plan(config: dict[str, Any], results: Path) -> Plan:
    """A foundation by itself, to be shipped."""
    sources = config["languages"]["source"]
    sources = tuple(sources) if isinstance(sources, list) else (sources,)
    return Plan([foundation_base(config["size"], sources, config["languages"]["target"], config, config["seed"])])
