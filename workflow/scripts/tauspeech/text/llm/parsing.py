"""Tolerant parser of a language model's answers: extracts objects with one text for each language."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from tauspeech.data.languages import primary_subtag

NOT_AS_REQUESTED = "answer is not what was asked for"
CUT_OFF = "answer was cut off (more new_tokens would help)"
WITHHELD = "answer was withheld by the model or its server"
INCOMPLETE = "not one text for each language"
HUGE = "longer than 1000 characters"
SURPLUS = "more than was asked for"

LONGEST = 1000  # characters of a text; see HUGE
MOST_CHARACTERS = 400_000  # of an answer that are parsed
FALSE_STARTS = 200  # brackets without valid JSON after which the search stops
DEEPEST = 4  # levels of nested lists and objects

_DECODER = json.JSONDecoder(
    strict=False
)  # allow line breaks inside strings: only that text is then rejected, not the answer
_FENCE = re.compile(r"```[\w-]*")
_START = re.compile(r"[\[{]")
_TRAILING = re.compile(r",(\s*[\]}])")
_NUMBER = re.compile(r"\s*(?:\(?\d{1,4}[.):、）]|[-*•])\s*")
_MARKS = ".!?。！？…।॥؟۔።։"  # ends of a sentence
_GREEK_QUESTION = ";"
_WITHOUT_MARKS = {"th", "lo"}  # languages whose sentences have none
_QUOTES = "\"'“”‘’「」«» "
_SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")


def parse(
    answer: str, languages: Sequence[str], most: int, lines: bool = False
) -> tuple[list[dict[str, str]], Counter[str]]:
    """At most ``most`` objects with a text for each language, and the reasons for which others were rejected.

    ``lines``: the answer was to be plain lines of one language, so that one without a number is a sentence, too.
    """
    text = _final_text(answer[:MOST_CHARACTERS])
    values = list(_json_values(text))
    items = [item for value in values for item in _items(value, languages)]
    items = items or list(_bare_lines(text, languages[0]) if lines else _lines(text, languages))
    rejected: Counter[str] = Counter()
    if not items:
        rejected[NOT_AS_REQUESTED] += 1
    if len(items) > most:
        rejected[SURPLUS] += len(items) - most
    found = []
    for item in items[:most]:
        if not all(isinstance(item.get(language), str) for language in languages):
            rejected[INCOMPLETE] += 1
        elif any(len(item[language]) > LONGEST for language in languages):
            rejected[HUGE] += 1
        else:
            found.append({language: _SPACES.sub(" ", item[language]).strip() for language in languages})
    return found, rejected


def _final_text(answer: str) -> str:
    """Answer without reasoning blocks (<think>) and code fences."""
    for tag in ("think", "thinking"):
        answer = answer.rpartition(f"</{tag}>")[2].partition(f"<{tag}>")[0]
    return _FENCE.sub("", answer).strip()


def _json_values(text: str) -> Iterator[Any]:
    """All JSON objects and lists of a text, also those inside one that was cut off."""
    text = _TRAILING.sub(r"\1", text)
    starts, position = 0, 0
    while starts < FALSE_STARTS and (match := _START.search(text, position)):
        try:
            value, position = _DECODER.raw_decode(text, match.start())
            yield value
        except (ValueError, RecursionError):
            starts, position = starts + 1, match.end()


def _items(value: Any, languages: Sequence[str], depth: int = 0) -> Iterator[dict[str, Any]]:
    """Objects with texts by language, at any level of nesting."""
    if isinstance(value, str) and len(languages) == 1 and depth:
        yield {languages[0]: value}
    elif isinstance(value, list) and depth < DEEPEST:
        for inner in value:
            yield from _items(inner, languages, depth + 1)
    elif isinstance(value, dict):
        named = {key.strip().casefold(): content for key, content in value.items()}
        if any(language in named for language in languages):
            yield named
        elif depth < DEEPEST:
            for inner in value.values():
                if isinstance(inner, list | dict):
                    yield from _items(inner, languages, depth + 1)


def _lines(text: str, languages: Sequence[str]) -> Iterator[dict[str, str]]:
    """Fallback for answers without JSON: tab-separated lines, or numbered lines if there is one language."""
    for line in text.split("\n"):
        number = _NUMBER.match(line)
        parts = [part.strip() for part in (line[number.end() :] if number else line).strip().split("\t")]
        if len(parts) == len(languages) and all(parts) and (number or len(parts) > 1):
            yield {
                language: re.sub(rf"^{re.escape(language)}\s*[:：]\s*", "", part, flags=re.I)
                for language, part in zip(languages, parts, strict=True)
            }


def _bare_lines(text: str, language: str) -> Iterator[dict[str, str]]:
    """Lines that end as a sentence of the language does, without numbers and quotation marks around them."""
    free = primary_subtag(language) in _WITHOUT_MARKS
    marks = _MARKS + _GREEK_QUESTION * (primary_subtag(language) == "el")
    for line in text.split("\n"):
        number = _NUMBER.match(line)
        sentence = (line[number.end() :] if number else line).strip(_QUOTES)
        if sentence and (free or sentence[-1] in marks):
            yield {language: sentence}
