"""The one metric that the tables show of a task."""

from tauspeech.data.languages import unspaced


def headline_metric(task: str, language: str) -> str:
    return "bleu" if task == "translate" else "cer" if unspaced(language) else "wer"
