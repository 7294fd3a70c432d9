"""Grammars of several domains in one file: templates of one language as lines of text, under their domain.

``lists`` hold phrases for all domains, those of a domain for it alone. A phrase that names other lists stands for all
its combinations; a part of a template in square brackets may be left out.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from tauspeech.runtime.errors import UserError, did_you_mean
from tauspeech.text.grammar import SLOT, Grammar

OPTIONAL = re.compile(r"\[([^\[\]]*)\]")

Lists = Mapping[str, Sequence[str]]


def grammars_of(path: Path, languages: Sequence[str], domain: str | None = None) -> list[Grammar]:
    """The grammars that a file holds: one, or one for each domain; ``domain`` limits them to that domain."""
    content = yaml.load(path.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    if domain:
        content = limited_to(content, domain)
    if divided(content):
        return [_grammar(content, name, languages) for name in content["domains"]]
    return [Grammar.load(path, languages)]


def divided(content: dict[str, Any]) -> bool:
    """True if the templates of a grammar's file are under their domains."""
    return "templates" not in content


def limited_to(content: dict[str, Any], domain: str) -> dict[str, Any]:
    """Content of a grammar's file with one of its domains."""
    if not divided(content):
        raise UserError(f"The template grammar is not divided into domains, so that it has none named '{domain}'.")
    if domain not in content["domains"]:
        advice = did_you_mean(domain, content["domains"], f"use one of {', '.join(content['domains'])}.")
        raise UserError(f"The template grammar has no sentences for the domain '{domain}': {advice}")
    return content | {"domains": {domain: content["domains"][domain]}}


def _grammar(content: dict[str, Any], domain: str, languages: Sequence[str]) -> Grammar:
    (language,) = languages  # a template is a line of one language
    own = content["domains"][domain]
    lists = content["lists"] | own["lists"]
    try:
        fillers = {
            name: [{language: text} for phrase in phrases for text in combinations(phrase, lists)]
            for name, phrases in lists.items()
        }
        lines = [line.strip() for line in own["templates"].splitlines()]
    except (AttributeError, TypeError):
        raise UserError(
            f"The template grammar's domain '{domain}' has a phrase or template that is not text: put quotes around it."
        ) from None
    templates = [{language: text} for line in filter(None, lines) for text in with_and_without(line)]
    return Grammar({}, fillers, templates)


def combinations(phrase: str, lists: Lists) -> list[str]:
    """A phrase with each combination of the phrases that it names: ``{hour} am`` gives twelve."""
    names = [match.group(1) for match in SLOT.finditer(phrase)]
    choices = [[text for each in lists[name] for text in combinations(each, lists)] for name in names]
    pattern = SLOT.sub("{}", phrase)
    return [pattern.format(*chosen) for chosen in product(*choices)]


def with_and_without(template: str) -> list[str]:
    """A template with and without each of its optional parts."""
    kept = OPTIONAL.split(template)
    fixed, optional = kept[::2], kept[1::2]
    found = []
    for chosen in product((True, False), repeat=len(optional)):
        parts = [part if keep else "" for part, keep in zip(optional, chosen, strict=True)]
        text = "".join(piece for pair in zip(fixed, [*parts, ""], strict=True) for piece in pair)
        found.append(" ".join(text.split()))
    return found
