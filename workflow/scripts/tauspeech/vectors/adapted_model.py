"""A base with the change by one LoRA adapter, as a model folder."""

from pathlib import Path

from tauspeech.vectors.execution import Execution
from tauspeech.vectors.files.checkpoint import WEIGHTS, copy_description
from tauspeech.vectors.model_output import types_of, write_merged
from tauspeech.vectors.recipe import Recipe
from tauspeech.vectors.sources import Sources


def write_adapted(base: Path, adapter: Path, folder: Path) -> None:
    """Write the base plus the adapter's exact change, in float32, into a folder; the rest is copied from the base."""
    content = {"base": str(base.resolve()), "method": "task_arithmetic", "vectors": [{"path": str(adapter.resolve())}]}
    sources = Sources(Recipe.parse(content, Path()), Execution())
    copy_description(base, folder)
    write_merged(folder / WEIGHTS, sources, sources.phi(), types_of(sources.base, "float32"))
