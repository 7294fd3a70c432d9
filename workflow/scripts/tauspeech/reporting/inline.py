"""Figures, audio and highlighted text as parts of the page itself."""

import base64
import re
from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup, escape


class MarkedText(NamedTuple):
    text: str
    marked: bool


def audio_uri(flac: bytes) -> str:
    return "data:audio/flac;base64," + base64.b64encode(flac).decode("ascii")


def picture_uri(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def pieces(text: str, words: Sequence[str]) -> list[MarkedText]:
    """The text split at the words, in any case and with any spacing."""
    # The longest spelling first: a shorter one could match inside it.
    spellings = sorted((word.split() for word in words if word.strip()), key=lambda parts: -len("".join(parts)))
    if not spellings:
        return [MarkedText(text, False)]
    pattern = "|".join(r"\s+".join(map(re.escape, parts)) for parts in spellings)
    # With one group in the pattern, split() yields plain text and matches in turn.
    parts = re.split(f"({pattern})", text, flags=re.IGNORECASE)
    return [MarkedText(part, index % 2 == 1) for index, part in enumerate(parts) if part]


def svg_markup(svg: str, name: str, title: str) -> Markup:
    """A matplotlib drawing as an element of the page, with a label for screen readers."""
    # HTML needs neither the prolog nor the namespaces.
    svg = re.sub(r'\s+xmlns(:\w+)?="[^"]*"', "", svg[svg.index("<svg") :])
    # Similar figures use the same ids, which must be unique in a page.
    prefix = re.sub(r"[^\w-]+", "-", name)
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{prefix}-", svg)
    return Markup(svg.replace("<svg", f'<svg role="img" aria-label="{escape(title)}"', 1))


def svg_width(svg: str) -> float:
    """Width of the figure in points."""
    found = re.search(r'<svg[^>]*\bwidth="([\d.]+)pt"', svg)
    return float(found.group(1)) if found else 0.0
