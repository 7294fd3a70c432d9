"""Language codes: primary subtags, Chinese languages, and languages written without spaces."""

_CHINESE = {"zh", "cmn", "yue", "wuu"}
_UNSPACED = _CHINESE | {"ja", "th", "lo", "km", "my", "bo"}


def primary_subtag(language: str) -> str:
    """Primary subtag of a language code: zh for zh-TW and zh_CN."""
    return language.lower().replace("_", "-").partition("-")[0]


def unspaced(language: str) -> bool:
    """True if the language is written without spaces, so that characters are counted instead of words."""
    return primary_subtag(language) in _UNSPACED


def chinese(language: str) -> bool:
    """True if the language is written in Chinese characters, traditional or simplified."""
    return primary_subtag(language) in _CHINESE
