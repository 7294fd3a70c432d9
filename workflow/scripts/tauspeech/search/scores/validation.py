"""The validation score, by which checkpoints are chosen too."""

from tauspeech.models.validation import mean_score

__all__ = ["mean_score"]
