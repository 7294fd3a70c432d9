"""Prefix trie of the token sequences of phrases: which tokens begin or continue a phrase behind some tokens."""

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import NamedTuple

Sequences = Iterable[Sequence[int]]


class Place(Enum):
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
        self._control, self._ends = control, ends
        self._next: dict[tuple[int, ...], list[int]] = {}
        self.depth = 0
        self._roots = {place: self._grown(getattr(spellings, place.value)) for place in Place}

    def _grown(self, sequences: Sequences) -> int:
        """Root of a new trie of the sequences."""
        root = self._node()
        for tokens in sequences:
            node = root
            for token in tokens:
                if token not in self._children[node]:
                    self._children[node][token] = self._node()
                node = self._children[node][token]
            self.depth = max(self.depth, len(tokens))
        return root

    def _node(self) -> int:
        self._children.append({})
        return len(self._children) - 1

    def state(self, tokens: Sequence[int]) -> tuple[int, ...]:
        """Nodes that the end of a text has reached; the last ``depth`` tokens decide."""
        tokens = tokens[-self.depth :] if self.depth else ()
        nodes: list[int] = []
        place = Place.TEXT
        for token in tokens:
            if token in self._control:
                nodes, place = [], Place.TEXT
                continue
            begun = [*nodes, self._roots[place]]
            nodes = [self._children[node][token] for node in begun if token in self._children[node]]
            place = Place.SENTENCE if token in self._ends else Place.INSIDE
        return (*nodes, self._roots[place])

    def following(self, state: tuple[int, ...]) -> list[int]:
        """Tokens that begin or continue a phrase in a state, in ascending order."""
        if state not in self._next:
            self._next[state] = sorted(set().union(*(self._children[node] for node in state)))
        return self._next[state]
