"""Snakemake's logger ``tauspeech``: what a person sees of a run while it goes on.

Snakemake imports this package wherever it is installed, before it reads a Snakefile. So it imports nothing of the package
``tauspeech``: that must come from the project that is run, which may be another copy.
"""

from snakemake_logger_plugin_tauspeech.handler import LogHandler

__all__ = ["LogHandler"]
