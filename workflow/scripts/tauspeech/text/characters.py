"""Characters that no sentence may hold, and so no word either."""

import re
import unicodedata

_MARKUP = re.compile(r"[<>{}\[\]|\\]")


def unspeakable(text: str) -> bool:
    """Whether it holds control characters or markup, which are nothing to say."""
    return bool(_MARKUP.search(text)) or any(unicodedata.category(char)[0] == "C" for char in text)
