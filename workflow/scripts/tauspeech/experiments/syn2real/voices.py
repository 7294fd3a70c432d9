"""Voices of the experiment syn2real: those of the base, of synthetic speech and of simulated recordings must differ."""

from collections.abc import Iterator
from typing import Any

from tauspeech.models.foundation_sizes import SIZES
from tauspeech.plan.mini_voice import SPEAKERS
from tauspeech.plan.voices import MINI, short, voices_of
from tauspeech.runtime.errors import UserError


def require_disjoint_voices(config: dict[str, Any]) -> None:
    """Refuse a voice in two of the roles: what is learned of a voice would count as learned of a condition."""
    found: dict[str, str] = {}
    for role, voice in _voices(config):
        if found.setdefault(voice, role) != role:
            raise UserError(
                f"the voice {voice} is one of {found[voice]} and one of {role}: give each voice in one place only."
            )


def _voices(config: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Voices of espeak-ng with what they are used for; other engines have their own."""
    language, speech = config["language"], config["speech"]
    for base in (config["base"], *(other["base"] for other in config["other_bases"].values())):
        size = SIZES.get(base.removeprefix("foundation/")) if base.startswith("foundation/") else None
        yield from (("the foundation's", voice) for voice in (size.voices.get(language, []) if size else []))
    spoken = {"speech.voices": speech["voices"].get(language, [])}
    spoken |= {f"speech.engines.{name}": voices for name, voices in speech["engines"].items() if voices}
    if not config["corpus"]:
        spoken["recorded.voices"] = config["recorded"]["voices"]
    for key, voices in spoken.items():
        for voice in voices_of(speech | {"voices": {language: voices}}, language) if voices else ():
            if voice.startswith("espeak/"):
                yield key, short(voice)
            elif f"{voice}/".startswith(f"{MINI}/"):
                yield from ((f"{key} ({MINI})", each) for each in SPEAKERS.get(language, []))
