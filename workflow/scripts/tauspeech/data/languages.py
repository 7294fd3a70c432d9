"""Language codes: primary subtags, and languages written without spaces."""

_UNSPACED = {"zh", "cmn", "yue", "wuu", "ja", "th", "lo", "km", "my", "bo"}


def primary_subtag(language: str) -> str:
    """Primary subtag of a language code: zh for zh-TW and zh_CN."""
    return language.lower().replace("_", "-").partition("-")[0]


def unspaced(language: str) -> bool:
    """True if the language is written without spaces, so that characters are counted instead of words."""
    return primary_subtag(language) in _UNSPACED
