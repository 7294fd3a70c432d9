"""Names of the metrics of some languages."""

from collections.abc import Iterable

from tauspeech.scoring.headline import headline_metric

METRICS = {"asr": "WER", "st": "BLEU"}  # by task, of languages that are written with spaces


def error_rate(languages: Iterable[str]) -> str:
    """Name of the error rate of some languages, or of the mean of theirs: WER, CER or WER/CER."""
    units = {headline_metric("transcribe", language).upper() for language in languages}
    return "/".join(sorted(units, reverse=True))


def metric(task: str, languages: Iterable[str]) -> str:
    return error_rate(languages) if task == "asr" else METRICS[task]
