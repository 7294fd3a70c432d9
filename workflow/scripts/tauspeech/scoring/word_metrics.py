"""Names of the metrics of tests of words and of sets without speech. Imports nothing heavy, since plans use it."""

from tauspeech.data.languages import unspaced


def word_test_metrics(language: str) -> dict[str, str]:
    """Metrics of a test of words, each with its name in tables."""
    rate = "cer" if unspaced(language) else "wer"
    rates = {rate: rate.upper(), f"b_{rate}": f"B-{rate.upper()}", f"u_{rate}": f"U-{rate.upper()}"}
    return rates | {"keyword_recall": "recall", "keyword_precision": "precision", "keyword_f1": "F1"}


def no_speech_metrics(language: str) -> dict[str, str]:
    """Metrics of a set without speech, each with its name in tables."""
    names = ("false_alarms", "any_text", unit_per_minute(language))
    return {name: name.replace("_", " ") for name in names}


def unit_per_minute(language: str) -> str:
    return "characters_per_minute" if unspaced(language) else "words_per_minute"
