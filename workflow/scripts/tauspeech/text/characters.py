"""Characters that no sentence may hold, and so no word either."""

import re
import unicodedata

# Persian and scripts of India write these two between letters; elsewhere they hide something.
_JOINED = re.compile(r"(?<=[\u0600-\u06ff\u0900-\u0dff])[\u200c\u200d](?=[\u0600-\u06ff\u0900-\u0dff])")
_MARKUP = re.compile(r"[<>{}\[\]|\\]")


def unspeakable(text: str) -> bool:
    """Whether it holds control characters or markup, which are nothing to say."""
    return bool(_MARKUP.search(text)) or any(unicodedata.category(char)[0] == "C" for char in _JOINED.sub("", text))
