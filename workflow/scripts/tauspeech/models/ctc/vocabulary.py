"""Vocabulary of a CTC model: texts spelled with its characters, and texts of label sequences."""

import unicodedata
from collections.abc import Sequence

from transformers import PreTrainedTokenizerBase

from tauspeech.runtime.errors import UserError

SPACES = "|▁"  # word delimiters of wav2vec2's tokenizers and of SentencePiece


class Vocabulary:
    """The characters that a tokenizer can write: many models have capital letters alone, and no punctuation."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, blank: int):
        self.tokenizer, self.blank = tokenizer, blank
        words = set(tokenizer.get_vocab()) - set(tokenizer.all_special_tokens)
        self.characters = set("".join(words)) - set(SPACES)

    def labels(self, text: str) -> list[int]:
        found: list[int] = self.tokenizer(self.spelled(text), add_special_tokens=False).input_ids
        return found

    def text(self, labels: Sequence[int]) -> str:
        """Text of labels without blanks and without the repetitions of one label."""
        decoded = self.tokenizer.decode(
            list(labels), skip_special_tokens=True, clean_up_tokenization_spaces=False, group_tokens=False
        )
        return " ".join(decoded.split())

    def spelled(self, text: str) -> str:
        """The text in characters of the vocabulary: its case, without accents and punctuation that it lacks."""
        return " ".join("".join(map(self._spelled, unicodedata.normalize("NFC", text))).split())

    def _spelled(self, character: str) -> str:
        for form in (character, character.lower(), character.upper()):
            if set(form) <= self.characters:
                return form
        plain = "".join(each for each in unicodedata.normalize("NFKD", character) if not unicodedata.combining(each))
        if plain != character:
            return "".join(map(self._spelled, plain))
        if character.isalnum():
            raise UserError(
                f"the model's vocabulary has no '{character}': spell numbers out, and use a base for the language of the text."
            )
        return "" if character in "'’" else " "
