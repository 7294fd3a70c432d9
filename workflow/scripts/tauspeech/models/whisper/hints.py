"""Hints of Whisper models: phrases as the previous text of a prompt, or as a bias of the logits."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import torch
from torch import Tensor
from transformers import LogitsProcessor, LogitsProcessorList, WhisperForConditionalGeneration, WhisperTokenizer

from tauspeech.data.languages import unspaced
from tauspeech.models.hints import Hints
from tauspeech.models.phrase_trie import PhraseTrie, Spellings
from tauspeech.models.whisper.prompt import timestamps
from tauspeech.runtime.errors import UserError

PREVIOUS = "<|startofprev|>"
_CONTROL = re.compile(r"<\|.*\|>")
_SPACE = "Ġ"  # as byte-level tokens write it
_ENDS = (".", "?", "!")


class HintSettings(NamedTuple):
    """Arguments of ``generate``, and the number of phrases at the end that a prompt has no room for."""

    arguments: dict[str, Any]
    left_out: int = 0


def hint_settings(
    network: WhisperForConditionalGeneration, tokenizer: WhisperTokenizer, hints: Hints, language: str
) -> HintSettings:
    """Settings of hints in the language that is written; no arguments where they change nothing."""
    if not hints.phrases:
        return HintSettings({})
    if hints.as_prompt:
        most = network.config.max_target_positions // 2 - 1
        count = most_that_fit(tokenizer, hints.phrases, most)
        prompt = torch.tensor(prompt_tokens(tokenizer, hints.phrases[:count]))
        return HintSettings({"prompt_ids": prompt}, len(hints.phrases) - count)
    if not hints.strength:
        return HintSettings({})
    trie = phrase_trie(tokenizer, network.config.vocab_size, hints.phrases, language)
    return HintSettings({"logits_processor": LogitsProcessorList([PhraseBias(trie, hints.strength)])})


# Prompt


def prompt_tokens(tokenizer: WhisperTokenizer, phrases: Sequence[str]) -> list[int]:
    if PREVIOUS not in tokenizer.get_vocab():
        raise UserError(
            f"the model's tokenizer has no {PREVIOUS}, so that it takes no prompt: favour the words by a bias, or give another model."
        )
    return [tokenizer.convert_tokens_to_ids(PREVIOUS), *_listed(tokenizer, phrases)]


def most_that_fit(tokenizer: WhisperTokenizer, phrases: Sequence[str], most: int) -> int:
    """Number of phrases, from the first on, that ``most`` tokens of text hold."""
    low, high = 0, min(len(phrases), most)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if len(_listed(tokenizer, phrases[:middle])) <= most else (low, middle - 1)
    return low


def _listed(tokenizer: WhisperTokenizer, phrases: Sequence[str]) -> list[int]:
    return _tokens(tokenizer, [f" {', '.join(phrases)}"])[0] if phrases else []


def _tokens(tokenizer: WhisperTokenizer, texts: Sequence[str]) -> list[list[int]]:
    found: list[list[int]] = tokenizer(list(texts), add_special_tokens=False).input_ids if texts else []
    return found


# Bias


class PhraseBias(LogitsProcessor):
    """Adds ``strength``, or a share of it, to the tokens that begin or continue a phrase, of each row by its own tokens alone."""

    def __init__(self, trie: PhraseTrie, strength: float):
        self._trie, self._strength = trie, strength
        self._of_states: dict[tuple[int, ...], tuple[Tensor, Tensor]] = {}

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        depth = self._trie.depth
        found = [self._of_state(self._trie.state(row), scores.device) for row in input_ids[:, -depth:].tolist()]
        columns, added = (torch.cat(each) for each in zip(*found, strict=True))
        counts = torch.tensor([len(columns) for columns, _ in found])
        rows = torch.arange(len(found)).repeat_interleave(counts).to(scores.device)
        scores = scores.clone()
        scores[rows, columns] += added.to(scores.dtype)
        return scores

    def _of_state(self, state: tuple[int, ...], device: torch.device) -> tuple[Tensor, Tensor]:
        """Columns, and what is added to each."""
        if state not in self._of_states:
            shares = self._trie.following(state)
            columns = torch.tensor(list(shares), dtype=torch.long, device=device)
            self._of_states[state] = columns, self._strength * torch.tensor(list(shares.values()), device=device)
        return self._of_states[state]


def phrase_trie(tokenizer: WhisperTokenizer, size: int, phrases: Iterable[str], language: str) -> PhraseTrie:
    """Trie of phrases as a model writes them, where ``size`` is the number of its tokens.

    Words have a space in front, but for a text's first, which some models write without. Languages without spaces have none.
    """
    given = list(dict.fromkeys(phrases))
    spellings = _unspaced(tokenizer, given) if unspaced(language) else _spaced(tokenizer, given)
    return PhraseTrie(spellings, *_control_and_ends(tokenizer, size))


@lru_cache(maxsize=1)  # a model's tokens, which each utterance with a list of its own needs
def _control_and_ends(tokenizer: WhisperTokenizer, size: int) -> tuple[frozenset[int], frozenset[int]]:
    """Tokens that belong to no text, and those that end a sentence."""
    vocabulary = tokenizer.get_vocab()
    control = {id for token, id in vocabulary.items() if _CONTROL.fullmatch(token)}
    control |= {*tokenizer.all_special_ids, *timestamps(vocabulary, size)}
    ends = frozenset(id for token, id in vocabulary.items() if token.rstrip(_SPACE).endswith(_ENDS))
    return frozenset(control), ends


def _unspaced(tokenizer: WhisperTokenizer, phrases: Sequence[str]) -> Spellings:
    plain = _tokens(tokenizer, phrases)
    return Spellings(plain, plain, plain)


def _spaced(tokenizer: WhisperTokenizer, phrases: Sequence[str]) -> Spellings:
    capitalised = list(dict.fromkeys([*phrases, *(phrase[:1].upper() + phrase[1:] for phrase in phrases)]))
    sentence = _tokens(tokenizer, [f" {phrase}" for phrase in capitalised])
    return Spellings([*sentence, *_tokens(tokenizer, capitalised)], sentence, sentence[: len(phrases)])
