"""Template grammar: parallel sentences from templates whose slots are filled from lists of phrases."""

import random
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tauspeech.runtime.errors import UserError

SLOT = re.compile(r"\{(\w+?)(2?)(_after)?\}")

Phrase = dict[str, str]


@dataclass(frozen=True)
class Grammar:
    """Content of a grammar's YAML file."""

    domains: dict[str, str]
    fillers: dict[str, list[Phrase]]
    templates: list[Phrase]
    split_by: str | None = None  # the language whose text determines the split of a sentence; None: all languages

    @classmethod
    def load(cls, path: Path, languages: Iterable[str]) -> "Grammar":
        """Read a grammar with the templates of these languages."""
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        fillers = dict(content["fillers"])
        for union, members in content.get("unions", {}).items():
            fillers[union] = [phrase for member in members for phrase in fillers[member]]
        templates = [{language: template[language] for language in languages} for template in content["templates"]]
        return cls(content["domains"], fillers, templates, content.get("split_by"))

    def slot_of(self, domain: str) -> str:
        """Slot for words of a domain."""
        try:
            return self.domains[domain]
        except KeyError:
            known = ", ".join(sorted(self.domains)) or "none"
            raise UserError(
                f"The template grammar has no sentences for the domain '{domain}': use one of its domains ({known})."
            ) from None

    def with_slot(self, slot: str) -> list[Phrase]:
        """Templates that contain the slot."""
        return [template for template in self.templates if slot in slots_of(template)]


def slots_of(template: Phrase) -> list[str]:
    """Sorted slot names of a template; a second slot of the same name is e.g. ``place2``."""
    found = {name.lower() + second for text in template.values() for name, second, _ in SLOT.findall(text)}
    return sorted(found)


def fill(template: Phrase, chosen: dict[str, Phrase]) -> Phrase:
    """Sentence of a template in each of its languages, with the chosen phrase in each slot."""

    def sentence(language: str, text: str) -> str:
        def phrase(match: re.Match[str]) -> str:
            name, second, after = match.groups()
            value = chosen[name.lower() + second][language + (after or "")]
            return value[0].upper() + value[1:] if name[0].isupper() else value

        return SLOT.sub(phrase, text)

    return {language: sentence(language, text) for language, text in template.items()}


def draw(
    grammar: Grammar, template: Phrase, rng: random.Random, fixed: dict[str, Phrase] | None = None
) -> dict[str, Any]:
    """Random phrases for all slots of a template, each phrase at most once; ``fixed`` slots are not drawn."""
    chosen: dict[str, Phrase] = dict(fixed or {})
    for slot in slots_of(template):
        if slot not in chosen:
            free = [phrase for phrase in grammar.fillers[slot.rstrip("2")] if phrase not in chosen.values()]
            chosen[slot] = rng.choice(free)
    return chosen
