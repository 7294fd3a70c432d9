"""How texts are made comparable before anything is counted.

Digits and numerals, and traditional and simplified characters, stay different.
"""

import unicodedata

CER_NORMALISATION = "NFKC, lower case, whitespace, punctuation and symbols removed"
WER_NORMALISATION = "NFKC, lower case, punctuation and symbols (but apostrophes inside words) replaced by spaces"


def for_bleu(text: str) -> str:
    """Lower case, as the paper scores both sides; tokenisation is left to sacrebleu."""
    return " ".join(text.lower().split())


def for_cer(text: str) -> str:
    """The bare characters of a text: CER_NORMALISATION."""
    return "".join(filter(_in_word, _folded(text)))


def for_wer(text: str) -> str:
    """The words of a text, one space apart: WER_NORMALISATION."""
    folded = _folded(text).replace("’", "'")
    candidates = "".join(c if c == "'" or _in_word(c) else " " for c in folded).split()
    return " ".join(word for word in (candidate.strip("'") for candidate in candidates) if word)


def _folded(text: str) -> str:
    # Format characters (joiners, soft hyphens, byte order marks) are invisible and would split a word in two.
    visible = "".join(c for c in text if unicodedata.category(c) != "Cf")
    return unicodedata.normalize("NFKC", visible).lower()


def _in_word(character: str) -> bool:
    # Marks belong to the word: without the vowel signs, Indic and Thai words fall apart.
    return unicodedata.category(character)[0] in "LMN"
