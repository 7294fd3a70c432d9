"""Jobs that train a foundation: a small model from scratch on general sentences, so that a base needs no download."""

from typing import Any

from tauspeech.models.families import FAMILIES, beside
from tauspeech.models.foundation_sizes import SIZES
from tauspeech.plan.checks import require_order, require_precision
from tauspeech.plan.jobs import PlannedJob
from tauspeech.plan.sources import grammar_source
from tauspeech.plan.voices import short, voices_of

# A wider range than the words of an experiment are spoken with.
PROSODY = {"rate": [215, 275], "pitch": [35, 65]}
VOICES = {
    "zh": ["cmn", "cmn+f2", "cmn+m3", "cmn+f4", "cmn+m7"],
    "en": ["en-us", "en-us+f2", "en-gb-x-rp", "en-us+m3", "en-gb-x-rp+f4"],
}
LONGEST = 30.0  # seconds


def foundation_base(size: str, sources: tuple[str, ...], target: str, config: dict[str, Any], seed: int) -> PlannedJob:
    """The base of a run as a foundation of one or several languages; it depends on no set of the experiment."""
    sets = {source: _speech(size, source, target, len(sources) > 1, config, seed) for source in sources}
    settings = {
        "kind": "train",
        "size": size,
        "languages": sorted({*sources, target}),
        "tasks": {speech.id: _tasks(source, target) for source, speech in sets.items()},
        "training": SIZES[size].training | {"precision": config["training"]["precision"]},
    }
    require_precision(config["training"]["precision"], config["training"]["gpus"])
    family = FAMILIES[SIZES[size].model_type].module
    modules = (family, beside(family, "foundation"))
    inputs = {"speech": list(sets.values())}
    return PlannedJob("base", "base", settings, inputs, seed, config["training"]["threads"], modules)


def _tasks(source: str, target: str) -> list[dict[str, str]]:
    kinds = ["transcribe"] if source == target else ["transcribe", "translate"]
    return [{"kind": kind, "source": source, "target": target} for kind in kinds]


def _voices(size: str, config: dict[str, Any], language: str) -> list[str]:
    """An experiment's voices are not its foundation's, so that fine-tuning has something to adapt to."""
    if config["experiment"] == "foundation":
        return [short(voice) for voice in voices_of(config["speech"], language)]
    if voices := SIZES[size].voices.get(language):
        return voices
    return VOICES.get(language) or [f"{language}{variant}" for variant in ("", "+f2", "+m3", "+f4")]


def _speech(size: str, source: str, target: str, several: bool, config: dict[str, Any], seed: int) -> PlannedJob:
    languages = tuple(dict.fromkeys((source, target)))
    require_order(config["text"]["limits"], "shortest", "longest", "text.limits")
    text_settings = {
        "languages": list(languages),
        "limits": config["text"]["limits"],
        "source": {"kind": "template"} | grammar_source(languages, SIZES[size].grammar),
        "word": None,
        "word_id": "",
        "counts": SIZES[size].sentences,
    }
    name = f"foundation-{size}" + (f"--{source}" if several else "")
    text = PlannedJob("text", name, text_settings, seed=seed, modules=("tauspeech.text.sources.template",))
    speech_settings = {
        "kind": "espeak",
        "language": source,
        "languages": list(languages),
        "voices": _voices(size, config, source),
        "longest": LONGEST,
        "hours": None,
        "check": None,
    } | PROSODY
    modules = ("tauspeech.speech.sets.espeak",)
    return PlannedJob("speech", text.id, speech_settings, {"text": text}, seed, threads=0, modules=modules)
