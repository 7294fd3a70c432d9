"""Jobs that train a foundation: a small model from scratch on general sentences, so that a base needs no download."""

from typing import Any

from tauspeech.models.families import FAMILIES, beside
from tauspeech.models.foundation_sizes import SIZES
from tauspeech.plan.checks import require_order, require_precision
from tauspeech.plan.jobs import Inputs, PlannedJob
from tauspeech.plan.sources import everyday_grammar, grammar_source
from tauspeech.plan.units import unit_centres, units_of
from tauspeech.plan.voices import short, voices_of
from tauspeech.runtime.errors import UserError

# A wider range than the words of an experiment are spoken with.
PROSODY = {"rate": [215, 275], "pitch": [35, 65]}
VOICES = {
    "zh": ["cmn", "cmn+f2", "cmn+m3", "cmn+f4", "cmn+m7"],
    "en": ["en-us", "en-us+f2", "en-gb-x-rp", "en-us+m3", "en-gb-x-rp+f4"],
}
LONGEST = 30.0  # seconds

Tasks = dict[str, list[dict[str, str]]]


def foundation_base(
    size: str, sources: tuple[str, ...], targets: tuple[str, ...], config: dict[str, Any], seed: int
) -> PlannedJob:
    """The base of a run as a foundation of one or several languages; it depends on no set of the experiment."""
    require_precision(config["training"]["precision"], config["training"]["gpus"])
    sets = _sets_of_units if SIZES[size].units else _sets
    inputs, tasks = sets(size, sources, targets, config, seed)
    settings = {
        "kind": "train",
        "size": size,
        "languages": sorted({*sources, *targets}),
        "tasks": tasks,
        "training": SIZES[size].training | {"precision": config["training"]["precision"]},
    }
    family = FAMILIES[SIZES[size].model_type].module
    modules = (family, beside(family, "foundation"))
    return PlannedJob("base", "base", settings, inputs, seed, config["training"]["threads"], modules)


def _sets(
    size: str, sources: tuple[str, ...], targets: tuple[str, ...], config: dict[str, Any], seed: int
) -> tuple[Inputs, Tasks]:
    """A set for each spoken language, transcribed and translated into the target."""
    if len(targets) > 1:
        raise UserError(
            f"key 'languages.target' is {list(targets)}, and a foundation of the size {size} has one: give one."
        )
    (target,) = targets
    sets: list[PlannedJob] = []
    tasks: Tasks = {}
    for source in sources:
        name = f"foundation-{size}" + (f"--{source}" if len(sources) > 1 else "")
        speech = _speech(size, name, source, (target,), config, seed)
        sets.append(speech)
        kinds = ["transcribe"] if source == target else ["transcribe", "translate"]
        tasks[speech.id] = [{"kind": kind, "source": source, "target": target} for kind in kinds]
    return {"speech": sets}, tasks


def _sets_of_units(
    size: str, sources: tuple[str, ...], targets: tuple[str, ...], config: dict[str, Any], seed: int
) -> tuple[Inputs, Tasks]:
    """Speech of one language as units to be transcribed, and its sentences to be translated as texts.

    Translations of speech are not among the tasks: they are what an experiment adds.
    """
    if len(sources) > 1:
        raise UserError(f"key 'languages.source' is {list(sources)}, and a speech LLM has one: give one.")
    (source,) = sources
    targets = tuple(language for language in targets if language != source)
    sets: list[PlannedJob] = []
    tasks: Tasks = {}
    for grammar, languages in _by_grammar(source, targets).items():
        name = f"foundation-{size}--{'-'.join((source, *languages))}"
        speech = _speech(size, name, source, languages, config, seed, grammar)
        sets.append(speech)
        tasks[speech.id] = [{"kind": "transcribe", "source": source, "target": source}]
        tasks[speech.id] += [{"kind": "translate_text", "source": source, "target": each} for each in languages]
    centres = unit_centres(f"foundation-{size}", sets, SIZES[size].units, seed)
    return {"speech": [units_of(speech, centres) for speech in sets], "extractor": centres}, tasks


def _by_grammar(source: str, targets: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """The target languages by the grammar that has them."""
    found: dict[str, tuple[str, ...]] = {}
    for language in targets:
        grammar = everyday_grammar(source, language)
        found[grammar] = (*found.get(grammar, ()), language)
    return found


def _voices(size: str, config: dict[str, Any], language: str) -> list[str]:
    """An experiment's voices are not its foundation's, so that fine-tuning has something to adapt to."""
    if config["experiment"] == "foundation":
        return [short(voice) for voice in voices_of(config["speech"], language)]
    if voices := SIZES[size].voices.get(language):
        return voices
    return VOICES.get(language) or [f"{language}{variant}" for variant in ("", "+f2", "+m3", "+f4")]


def _speech(
    size: str,
    name: str,
    source: str,
    targets: tuple[str, ...],
    config: dict[str, Any],
    seed: int,
    grammar: str | None = None,
) -> PlannedJob:
    languages = tuple(dict.fromkeys((source, *targets)))
    require_order(config["text"]["limits"], "shortest", "longest", "text.limits")
    text_settings = {
        "languages": list(languages),
        "limits": config["text"]["limits"],
        "source": {"kind": "template"} | grammar_source(languages, grammar or SIZES[size].grammar),
        "word": None,
        "word_id": "",
        "counts": SIZES[size].sentences,
    }
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
