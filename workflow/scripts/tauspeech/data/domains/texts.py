"""Texts of recorded domains, in the form in which they are spoken, trained on and compared."""

import unicodedata


def plain_text(text: str) -> str:
    """Text in NFC, with one space between words."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def slurp_text(text: str) -> str:
    """A sentence of SLURP in lower case; '@' and '#' become words, ',' and '.' are deleted, as in ESPnet's recipe."""
    words = text.lower().replace("@", " at ").replace("#", " hashtag ")
    return plain_text(words.replace(",", "").replace(".", ""))
