"""Snakemake's logger ``tauspeech``: progress of a run by stage, and errors with the end of the failed job's log.

Snakemake imports this package before it reads a Snakefile, in every project of the environment. Importing it must therefore
not import the package ``tauspeech``: that has to come from the project that is run, which may be another copy and puts
its folder on ``sys.path`` in rules/common.smk. ``board.durations`` imports it at first use, when a run has begun.
"""

from snakemake_logger_plugin_tauspeech.handler import LogHandler

__all__ = ["LogHandler"]
