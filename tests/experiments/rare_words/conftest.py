"""Plans of small experiments, in a folder of their own."""

from tests.plan.small import changed, config, folder, plan, words_file

__all__ = ["changed", "config", "folder", "plan", "words_file"]
