"""Characters that neither sentences nor words may contain."""

import re
import unicodedata

# Zero-width (non-)joiners: part of Persian and of scripts of India between letters, invisible characters elsewhere.
_JOINED = re.compile(r"(?<=[\u0600-\u06ff\u0900-\u0dff])[\u200c\u200d](?=[\u0600-\u06ff\u0900-\u0dff])")
_MARKUP = re.compile(r"[<>{}\[\]|\\]")


def has_control_or_markup(text: str) -> bool:
    """True if the text contains control characters or markup, which cannot be spoken."""
    return bool(_MARKUP.search(text)) or any(unicodedata.category(char)[0] == "C" for char in _JOINED.sub("", text))
