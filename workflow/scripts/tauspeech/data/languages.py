"""What has to be known of a language."""

_UNSPACED = {"zh", "cmn", "yue", "wuu", "ja", "th", "lo", "km", "my", "bo"}


def primary_subtag(language: str) -> str:
    """zh for zh-TW and zh_CN."""
    return language.lower().replace("_", "-").partition("-")[0]


def unspaced(language: str) -> bool:
    """Whether it is written without spaces, so that characters are counted where words are in others."""
    return primary_subtag(language) in _UNSPACED
