"""Prompts for small language models: few words, one topic, and plain lines in place of JSON where there is one language."""

from collections.abc import Sequence
from typing import Any

from tauspeech.data.randomness import derive_rng
from tauspeech.text.llm.prompts import NAMES, TOPICS, language_name, listed, schema_of, shape_of, shuffled

NUMBERS = ("", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
KINDS = ("short sentence", "sentence", "short question", "sentence from a letter", "sentence to a friend")


class ShortSentencePrompts:
    """Prompts for the sentences of one set, with the same arguments as SentencePrompts. Neither accepted sentences nor
    reasons of rejections are in them: small models repeat what a prompt lists, also what it says not to write."""

    def __init__(self, languages: Sequence[str], word: dict[str, Any] | None, batch: int, seed: int, name: str):
        self.languages, self.word, self.batch = list(languages), word, batch
        rng = derive_rng(seed, "llm", name, "topics")
        self._topics, self._kinds = shuffled(TOPICS, rng), shuffled(KINDS, rng)
        self.lines = len(self.languages) == 1
        self.schema = None if self.lines else schema_of("sentences", self.languages)

    def write(self, number: int, accepted: Sequence[str], reasons: Sequence[tuple[str, int]]) -> str:
        topic = self._topics[number % len(TOPICS)]
        kind = self._kinds[(number + number // len(TOPICS)) % len(KINDS)] if self.batch == 1 else KINDS[0]
        count = NUMBERS[self.batch] if self.batch < len(NUMBERS) else str(self.batch)
        what = f"{count} {kind}" if self.batch == 1 else f"{count} different {kind}s"
        text = f"Write {what} in {self._names()} about {topic}{self._word()}."
        if self.lines:
            return text if self.batch == 1 else f"{text} Write each sentence on a line of its own, and nothing else."
        return f"{text}\n\n{shape_of('sentences', self.languages)}"

    def _names(self) -> str:
        if self.lines and (name := NAMES.get(self.languages[0])):
            return name
        return listed([language_name(language) for language in self.languages])

    def _word(self) -> str:
        if not self.word:
            return ""
        phrases = [self.word["phrase"][language] for language in self.languages]
        named = [f'"{phrase}" ({language})' for phrase, language in zip(phrases, self.languages, strict=True)]
        name = f'"{phrases[0]}"' if self.lines else listed(named)
        return f", {'' if self.batch == 1 else 'each '}with the name {name} in it"
