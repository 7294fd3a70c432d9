"""The embedded source of sentences: a template grammar, seeded.

Which split a sentence may enter is decided by a hash of the sentence itself. So the general training
text of a foundation and the general test text of an experiment cannot meet, although neither knows
of the other.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from tauspeech.data.randomness import derive_rng, unit_interval
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.pace import Pace
from tauspeech.text.checks import Checker, Sentence
from tauspeech.text.grammar import Grammar, Phrase, draw, fill, slots_of

SHARES = {"test": (0.0, 0.1), "validation": (0.1, 0.2), "train": (0.2, 1.0)}
PATIENCE = 400  # drawings without a new sentence before a grammar counts as exhausted


@dataclass(frozen=True)
class RareWord:
    """How a word stands in a sentence, and the slot that it takes."""

    phrase: Phrase
    slot: str


def in_share(sentence: Sentence, split: str, split_by: str | None = None) -> bool:
    low, high = SHARES[split]
    languages = [split_by] if split_by else sorted(sentence)
    return low <= unit_interval("split", *(sentence[language] for language in languages)) < high


def sentences(grammar: Grammar, rng: random.Random, split: str, word: RareWord | None) -> Iterator[Sentence]:
    """Sentences of a split, without end; the templates take turns in a random order."""
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
    grammar: Grammar, counts: dict[str, int], checker: Checker, seed: int, set_id: str, word: RareWord | None
) -> dict[str, list[Sentence]]:
    """The accepted sentences of each split."""
    accepted: dict[str, list[Sentence]] = {}
    pace = Pace("sentences", sum(counts.values()))
    for split in ("test", "validation", "train"):  # the order that the checker wants
        accepted[split] = []
        misses = 0
        source = sentences(grammar, derive_rng(seed, "text", set_id, split), split, word)
        while len(accepted[split]) < counts.get(split, 0):
            sentence = next(source)
            if checker.accept(sentence, split):
                accepted[split].append(sentence)
                pace.add()
                misses = 0
            elif (misses := misses + 1) > PATIENCE:
                raise UserError(
                    f"The template grammar yields only {len(accepted[split])} different {split} sentences for "
                    f"'{set_id}', {counts[split]} are wanted: ask for fewer (text.counts, or hours in the experiment lors) or use own sentences."
                )
    return accepted


def carriers(grammar: Grammar, count: int, seed: int, set_id: str, word: RareWord) -> dict[str, list[Sentence]]:
    """Sentences with the word, and the same ones with a common word in its place.

    If the base misses the first and hears the second, it is the word that it does not know.
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
