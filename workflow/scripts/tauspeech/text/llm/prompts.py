"""Prompts for language models.

Answers on disk are found by their prompt: changing a text here requests all answers again.
"""

import json
import random
from collections.abc import Sequence
from typing import Any

from tauspeech.data.languages import primary_subtag, unspaced
from tauspeech.data.randomness import derive_rng
from tauspeech.text.checks import Limits

NAMES = {
    "ar": "Arabic", "bn": "Bengali", "ca": "Catalan", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek",
    "en": "English", "es": "Spanish", "et": "Estonian", "fa": "Persian", "fi": "Finnish", "fr": "French",
    "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian", "id": "Indonesian", "it": "Italian", "ja": "Japanese",
    "ko": "Korean", "lt": "Lithuanian", "lv": "Latvian", "nl": "Dutch", "no": "Norwegian", "pl": "Polish",
    "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sk": "Slovak", "sl": "Slovenian", "sv": "Swedish",
    "sw": "Swahili", "ta": "Tamil", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu",
    "vi": "Vietnamese", "yue": "Cantonese", "zh": "Mandarin Chinese",
}  # fmt: skip
TOPICS = (
    "a journey by train", "cooking and eating", "school and university", "a day at work", "the weather", "football",
    "music and concerts", "a visit to the doctor", "shopping", "family and children", "history", "a film or a book",
    "animals", "a festival", "moving house", "a newspaper report", "mountains and rivers", "a telephone call",
    "painting and drawing", "an old photograph", "a guided tour", "a misunderstanding", "science", "a lost key",
    "gardens and parks", "friendship", "a museum", "a long walk", "money and prices", "the evening news",
    "a birthday", "repairing things", "languages and translation", "a rumour", "traffic", "dreams and plans",
    "a letter to a friend", "architecture", "sports and health", "a radio broadcast", "the sea", "neighbours",
    "a speech before guests", "a bet between friends", "the night", "a recipe", "craftsmen and tools", "a map",
    "early childhood", "a rainy weekend",
)  # fmt: skip
LENGTHS = ("Make them short.", "Make them of ordinary length.", "Make them long, but within the limits.")
FORMS = (
    "plain statements",
    "questions and answers to questions",
    "things that somebody tells about themselves",
    "requests, advice and warnings",
    "sentences with a subordinate clause",
)
POSITIONS = ("near the beginning", "in the middle", "at the end")
TOPICS_AT_ONCE = 3
REMINDERS = 20  # known sentences that a prompt lists as not to be repeated
REASONS = 5


def schema_of(what: str, languages: Sequence[str]) -> dict[str, Any]:
    """JSON schema of an answer: one list of objects with a text for each language."""
    one = {
        "type": "object",
        "properties": {language: {"type": "string"} for language in languages},
        "required": list(languages),
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {what: {"type": "array", "items": one}},
        "required": [what],
        "additionalProperties": False,
    }


def language_name(language: str) -> str:
    """English name and code of a language."""
    return NAMES.get(primary_subtag(language), "the language with the code") + f" ({language})"


def listed(parts: Sequence[str]) -> str:
    """Enumeration: a, b and c."""
    return ", ".join(parts[:-1]) + " and " * (len(parts) > 1) + parts[-1]


def shape_of(what: str, languages: Sequence[str]) -> str:
    """Last sentence of each prompt: the expected JSON, for servers that do not enforce a schema."""
    example = json.dumps({what: [dict.fromkeys(languages, "...")]})
    return f"Answer with JSON of the form {example} and with nothing else."


def shuffled(items: Sequence[str], rng: random.Random) -> list[str]:
    """Items in random order."""
    return rng.sample(list(items), len(items))


class SentencePrompts:
    """Prompts for the sentences of one set: topics, length, form and position of the word vary between batches."""

    def __init__(
        self, languages: Sequence[str], word: dict[str, Any] | None, limits: Limits, batch: int, seed: int, name: str
    ):
        self.languages, self.word, self.limits, self.batch = list(languages), word, limits, batch
        self.schema, self.lines = schema_of("sentences", languages), False
        self._seed, self._name = seed, name
        rng = derive_rng(seed, "llm", name, "topics")
        self._topics, self._lengths = shuffled(TOPICS, rng), shuffled(LENGTHS, rng)
        self._forms, self._positions = shuffled(FORMS, rng), shuffled(POSITIONS, rng)

    def write(self, number: int, accepted: Sequence[str], reasons: Sequence[tuple[str, int]]) -> str:
        """Prompt of a batch, given the accepted sentences and the reasons of rejections so far."""
        parts = [self._task(), self._word(number), self._variety(number), self._rules()]
        if accepted:
            rng = derive_rng(self._seed, "llm", self._name, "reminders", str(number))
            some = rng.sample(list(accepted), min(REMINDERS, len(accepted)))
            parts.append("Do not repeat these sentences or write similar ones:\n" + "\n".join(f"- {s}" for s in some))
        if reasons:
            summary = ", ".join(f"{count} times '{reason}'" for reason, count in reasons[:REASONS])
            parts.append(f"Some earlier sentences were turned away, so avoid this: {summary}.")
        return "\n\n".join([*filter(None, parts), shape_of("sentences", self.languages)])

    def _task(self) -> str:
        names = listed([language_name(language) for language in self.languages])
        same = " All versions of a sentence say the same." if len(self.languages) > 1 else ""
        return f"Write {self.batch} sentences as people say them aloud, each of them in {names}.{same}"

    def _word(self, number: int) -> str:
        if not self.word:
            return "Use common words, and no names that few people know."
        lines = []
        for language in self.languages:
            name, *others = self.word["forms"][language]
            also = f" (or {listed(others)})" if others else ""
            inside = self.word["phrase"][language]
            lines.append(f"- {language}: {name}{also}" + (f", inside a sentence {inside}" if inside != name else ""))
        place = self._positions[number // len(LENGTHS) % len(POSITIONS)]
        return (
            f"Each sentence must hold this name ({self.word['domain']}), written exactly so:\n"
            + "\n".join(lines)
            + f"\nPut it {place} of the sentence where that sounds natural, and use no other rare names."
        )

    def _variety(self, number: int) -> str:
        first = number * TOPICS_AT_ONCE
        topics = [self._topics[(first + i) % len(TOPICS)] for i in range(TOPICS_AT_ONCE)]
        form, length = self._forms[number % len(FORMS)], self._lengths[number % len(LENGTHS)]
        return f"Take the topics {listed(topics)}. Write mostly {form}. {length} No two sentences may be built alike."

    def _rules(self) -> str:
        units = ((language, "characters" if unspaced(language) else "words") for language in self.languages)
        limits = ", ".join(
            f"{language} {self.limits.shortest} to {self.limits.longest} {unit}" for language, unit in units
        )
        return f"Length: {limits}. No digits, abbreviations, brackets, line breaks or markup."


class WordPrompts:
    """Prompts for rare names of a domain."""

    def __init__(self, languages: Sequence[str], domain: str, batch: int, seed: int, name: str):
        self.languages, self.domain, self.batch = list(languages), domain, batch
        self._seed, self._name = seed, name
        self._places = shuffled(REGIONS, derive_rng(seed, "llm", name, "regions"))

    def write(self, number: int, known: Sequence[str], reasons: Sequence[tuple[str, int]]) -> str:
        """Prompt of a batch, given the known names and the reasons of rejections so far."""
        names = listed([language_name(language) for language in self.languages])
        parts = [
            f"Name {self.batch} real proper names of the domain '{self.domain}' that are seldom spoken of, so that a "
            f"speech recogniser has hardly heard them. Write each in {names}, as it is usually written there.",
            f"Take them from {self._places[number % len(REGIONS)]} if there are any. Give the bare name, of one to four "
            f"words, without explanation, brackets or markup.",
        ]
        if known:
            rng = derive_rng(self._seed, "llm", self._name, "reminders", str(number))
            some = rng.sample(list(known), min(3 * REMINDERS, len(known)))
            parts.append("These are known already, so do not name them: " + ", ".join(some) + ".")
        if reasons:
            summary = ", ".join(f"{count} times '{reason}'" for reason, count in reasons[:REASONS])
            parts.append(f"Some earlier names were turned away, so avoid this: {summary}.")
        return "\n\n".join([*parts, shape_of("words", self.languages)])


REGIONS = (
    "Central Europe", "Southern Europe", "Northern Europe", "Eastern Europe", "East Asia", "South Asia",
    "Southeast Asia", "Central Asia", "the Middle East", "North Africa", "West Africa", "Southern Africa",
    "North America", "Central America", "South America", "Oceania", "the ancient world", "the nineteenth century",
)  # fmt: skip
