"""The validation score, by which weights and prunings are chosen."""

from tauspeech.models.validation import mean_score as score

__all__ = ["score"]
