"""Prefix trie of the token sequences of phrases: which tokens begin or continue a phrase behind some tokens."""

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import NamedTuple

Sequences = Iterable[Sequence[int]]

# Share of a bias for a token that begins a phrase: rare words begin with few letters, as many other words do.
BEGINNING = 0.25


class PhrasePlace(Enum):
    """Where a phrase may begin."""

    TEXT = "text"  # behind a control token, or at the beginning
    SENTENCE = "sentence"  # behind a token that ends a sentence
    INSIDE = "inside"


class Spellings(NamedTuple):
    """Token sequences of phrases by the place where they may begin."""

    text: Sequences
    sentence: Sequences
    inside: Sequences


class PhraseTrie:
    """``control`` are tokens that belong to no text, ``ends`` those that end a sentence."""

    def __init__(self, spellings: Spellings, control: frozenset[int] = frozenset(), ends: frozenset[int] = frozenset()):
        self._children: list[dict[int, int]] = []
        self._whole: set[int] = set()  # nodes at which a phrase ends
        self._control, self._ends = control, ends
        self._next: dict[tuple[int, ...], dict[int, float]] = {}
        self.depth = 0
        self._roots = {place: self._grown(getattr(spellings, place.value)) for place in PhrasePlace}

    def _grown(self, sequences: Sequences) -> int:
        """Root of a new trie of the sequences."""
        root = self._node()
        for tokens in sequences:
            node = root
            for token in tokens:
                if token not in self._children[node]:
                    self._children[node][token] = self._node()
                node = self._children[node][token]
            self._whole.add(node)
            self.depth = max(self.depth, len(tokens))
        return root

    def _node(self) -> int:
        self._children.append({})
        return len(self._children) - 1

    def state(self, tokens: Sequence[int]) -> tuple[int, ...]:
        """Nodes that the end of a text has reached; the last ``depth`` tokens decide."""
        tokens = tokens[-self.depth :] if self.depth else ()
        nodes: list[int] = []
        place = PhrasePlace.TEXT
        for token in tokens:
            if token in self._control:
                nodes, place = [], PhrasePlace.TEXT
                continue
            begun = [*nodes, self._roots[place]]
            nodes = [self._children[node][token] for node in begun if token in self._children[node]]
            place = PhrasePlace.SENTENCE if token in self._ends else PhrasePlace.INSIDE
        return (*nodes, self._roots[place])

    def following(self, state: tuple[int, ...]) -> dict[int, float]:
        """Tokens that begin or continue a phrase in a state, each with its share of a bias.

        It is 1 where the token continues a phrase, or is all of one, and less where it only begins one.
        """
        if state not in self._next:
            *continued, root = state
            begun = self._children[root].items()
            shares = {token: 1.0 if child in self._whole else BEGINNING for token, child in begun}
            shares |= {token: 1.0 for node in continued for token in self._children[node]}
            self._next[state] = shares
        return self._next[state]
