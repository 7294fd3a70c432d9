"""Vocabulary of a CTC model: texts spelled with its characters, and texts of label sequences."""

import re
import unicodedata
from collections.abc import Sequence

from transformers import PreTrainedTokenizerBase

from tauspeech.runtime.errors import UserError

SPACES = "|▁"  # word delimiters of wav2vec2's tokenizers and of SentencePiece
APOSTROPHES = str.maketrans("’‘ʼ", "'''")
NOT_TEXT = re.compile(r"<.+>|\[.+\]")  # tokens such as <noise>, <0x41> and [UNK]


class Vocabulary:
    """Characters of a tokenizer's labels: many models have capital letters alone, and no punctuation."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, blank: int, size: int):
        self.tokenizer, self.blank = tokenizer, blank
        if getattr(tokenizer, "do_lower_case", False):
            tokenizer.do_lower_case = False  # its letters would all become capital ones
        pieces = {
            piece: id for piece, id in tokenizer.get_vocab().items() if id < size and not NOT_TEXT.fullmatch(piece)
        }
        special = set(tokenizer.all_special_tokens) - {" ", getattr(tokenizer, "word_delimiter_token", None)}
        self._text_labels = {id for piece, id in pieces.items() if id != blank and piece not in special}
        self.characters = set("".join(piece for piece, id in pieces.items() if id in self._text_labels)) - set(SPACES)

    def labels(self, text: str) -> list[int]:
        found: list[int] = self.tokenizer(self.spelled(text), add_special_tokens=False).input_ids
        if not found:
            raise UserError(f"the text '{text}' has no character of the model's vocabulary: change or remove it.")
        if unknown := [label for label in found if label not in self._text_labels]:
            raise UserError(
                f"the model's tokenizer has no label for a part of the text '{text}' (it gives {unknown[0]}): change the text, or "
                "use another base."
            )
        return found

    def text(self, labels: Sequence[int]) -> str:
        """Text of labels without blanks and without the repetitions of one label."""
        known = [label for label in labels if label in self._text_labels]
        decoded = self.tokenizer.decode(known, clean_up_tokenization_spaces=False, group_tokens=False)
        return " ".join(decoded.split())

    def spelled(self, text: str) -> str:
        """The text in characters of the vocabulary: its case, without accents and punctuation that it lacks."""
        plain = unicodedata.normalize("NFC", text)
        if not self.characters & set("’‘ʼ"):
            plain = plain.translate(APOSTROPHES)
        return " ".join("".join(map(self._spelled, plain)).split())

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
        # Apostrophes and invisible characters, such as soft hyphens, are inside words.
        return "" if character == "'" or unicodedata.category(character) == "Cf" else " "
