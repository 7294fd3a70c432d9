"""The one number by which a task is judged, higher being better: BLEU, or 100 less the error rate."""

from collections.abc import Sequence

from tauspeech.scoring.metrics import bleu, cer, wer
from tauspeech.scoring.normalise import unspaced


def headline_metric(task: str, language: str) -> str:
    return "bleu" if task == "translate" else "cer" if unspaced(language) else "wer"


def headline(task: str, language: str, references: Sequence[str], hypotheses: Sequence[str]) -> float:
    metric = headline_metric(task, language)
    if metric == "bleu":
        return bleu(list(references), list(hypotheses), language).value()
    error_rate = cer if metric == "cer" else wer
    return 100 - error_rate(list(references), list(hypotheses)).value()
