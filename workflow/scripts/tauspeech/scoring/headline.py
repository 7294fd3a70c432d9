"""The headline metric: the one that tables show for a task. Imports nothing heavy, since plans use it."""

from tauspeech.data.languages import unspaced

TRANSLATIONS = ("translate", "translate_text")


def headline_metric(task: str, language: str) -> str:
    """BLEU of a translation; error rate of a transcript, by characters in languages written without spaces."""
    return "bleu" if task in TRANSLATIONS else "cer" if unspaced(language) else "wer"
