"""Text normalisation before scoring.

Numerals are not converted to digits, nor traditional to simplified characters.
"""

import unicodedata

CER_NORMALISATION = "NFKC, lower case, whitespace, punctuation and symbols removed"
WER_NORMALISATION = "NFKC, lower case, punctuation and symbols (but apostrophes inside words) replaced by spaces"


def for_bleu(text: str) -> str:
    """Lower case, as in the paper, on both sides; sacrebleu tokenises."""
    return " ".join(text.lower().split())


def for_cer(text: str) -> str:
    """Characters of a text without spaces and punctuation; see CER_NORMALISATION."""
    return "".join(filter(_in_word, _folded(text)))


def for_wer(text: str) -> str:
    """Words of a text, separated by single spaces; see WER_NORMALISATION."""
    folded = _folded(text).replace("’", "'")
    candidates = "".join(c if c == "'" or _in_word(c) else " " for c in folded).split()
    return " ".join(word for word in (candidate.strip("'") for candidate in candidates) if word)


def _folded(text: str) -> str:
    # Format characters (joiners, soft hyphens, byte order marks) are invisible and would split a word.
    visible = "".join(c for c in text if unicodedata.category(c) != "Cf")
    return unicodedata.normalize("NFKC", visible).lower()


def _in_word(character: str) -> bool:
    # Combining marks belong to the word: splitting at vowel signs would break Indic and Thai words.
    return unicodedata.category(character)[0] in "LMN"
