"""Sentences from the embedded template grammar, determined by the seed.

A hash of the sentence itself determines its split. Therefore general training sentences of a foundation and general
test sentences of an experiment never overlap, although they are generated independently.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tauspeech.data.randomness import derive_rng, unit_interval
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.pace import Pace
from tauspeech.text.checks import Checker, Sentence
from tauspeech.text.grammar import Grammar, Phrase, draw, fill, slots_of

SHARES = {"test": (0.0, 0.1), "validation": (0.1, 0.2), "train": (0.2, 1.0)}
MAX_MISSES = 400  # consecutive draws without a new sentence before the grammar counts as exhausted


@dataclass(frozen=True)
class RareWord:
    """Form of a word inside a sentence by language, and its slot."""

    phrase: Phrase
    slot: str


def in_share(sentence: Sentence, split: str, split_by: str | None = None) -> bool:
    """True if the hash of the sentence falls into the split's share."""
    low, high = SHARES[split]
    languages = [split_by] if split_by else sorted(sentence)
    return low <= unit_interval("split", *(sentence[language] for language in languages)) < high


def sentences(grammar: Grammar, rng: random.Random, split: str, word: RareWord | None) -> Iterator[Sentence]:
    """Endless random sentences of a split."""
    templates = grammar.with_slot(word.slot) if word else grammar.templates
    while True:
        template = rng.choice(templates)
        fixed = {}
        if word:
            places = [slot for slot in slots_of(template) if slot.rstrip("2") == word.slot]
            fixed[rng.choice(places)] = word.phrase
        sentence = fill(template, draw(grammar, template, rng, fixed))
        if in_share(sentence, split, grammar.split_by):
            yield sentence


def generate(
    grammars: Sequence[Grammar], counts: dict[str, int], checker: Checker, seed: int, set_id: str, word: RareWord | None
) -> dict[str, list[Sentence]]:
    """Accepted sentences by split, of each grammar in turn; raises UserError if one has too few."""
    accepted: dict[str, list[Sentence]] = {}
    pace = Pace("sentences", sum(counts.values()))
    for split in ("test", "validation", "train"):  # see Checker for the order
        accepted[split] = []
        misses = 0
        rng = derive_rng(seed, "text", set_id, split)
        sources = [sentences(grammar, rng, split, word) for grammar in grammars]
        while len(accepted[split]) < counts.get(split, 0):
            sentence = next(sources[len(accepted[split]) % len(sources)])
            if checker.accept(sentence, split):
                accepted[split].append(sentence)
                pace.add()
                misses = 0
            elif (misses := misses + 1) > MAX_MISSES:
                raise UserError(
                    f"The template grammar yields only {len(accepted[split])} different {split} sentences for "
                    f"'{set_id}', but {counts[split]} are needed: lower text.counts (in the experiment lors: hours) or use own sentences."
                )
    return accepted


def carriers(grammar: Grammar, count: int, seed: int, set_id: str, word: RareWord) -> dict[str, list[Sentence]]:
    """Carrier sentences with the word, and control sentences with a common word in its place.

    If the base fails on the carrier only, the word itself is the cause.
    """
    rng = derive_rng(seed, "text", set_id, "carrier")
    pairs: dict[str, list[Sentence]] = {"carrier": [], "control": []}
    for _ in range(count):
        template = rng.choice(grammar.with_slot(word.slot))
        common = rng.choice(grammar.fillers[word.slot])
        chosen = draw(grammar, template, rng, {word.slot: common})
        pairs["control"].append(fill(template, chosen))
        pairs["carrier"].append(fill(template, chosen | {word.slot: word.phrase}))
    return pairs
