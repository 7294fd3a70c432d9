"""Language of a task's texts."""

from tauspeech.scoring.headline import TRANSLATIONS


def text_language(task: str, source: str, target: str) -> str:
    """The target of a translation, and else the spoken language."""
    return target if task in TRANSLATIONS else source
