"""One engine's share of a set: voiced/<environment>/<set>--<engine>-<model>.parquet, as it was said and settled.

Runs in the environment of the engine, which need not have more than the engine, NumPy, soundfile, soxr and pyarrow.
"""

from importlib import import_module
from typing import Any

from tauspeech.data.dropped import Drop, write_dropped
from tauspeech.runtime.job import Task, run
from tauspeech.runtime.paths import VOICES
from tauspeech.runtime.stages import SAID
from tauspeech.data import manifest
from tauspeech.speech.sound_cache import Kept
from tauspeech.speech.synthesis import share, voiced_rows
from tauspeech.data.tables import read_table


def _about(task: Task) -> dict[str, Any]:
    """What a sound depends on, of all that the share does."""
    about = {"language": task.settings["language"], "model": dict(task.settings["model"])}
    if task.settings["model"]["engine"] == "http":  # whatever else changes, it is not paid for again
        return about
    return about | {"voice": task.spec["inputs"].get("voice"), "code": task.spec["code"]}


def main(task: Task) -> None:
    settings, model = task.settings, task.settings["model"]
    kept = Kept(task.results / SAID / task.id, _about(task))
    model |= task.operation("speech", f"{model['engine']}/{model['name']}")
    if "trained" in model or "receipt" in model:
        model["mini"] = str(task.input("voice", ".") if model.get("trained") else VOICES / "mini")
    engine = import_module(f"tauspeech.speech.engines.{model['engine']}")
    sentences = share(read_table(task.input("text")), settings, task.seed)
    path, report = task.path(f"{task.name}.parquet"), task.path(f"{task.name}.dropped.tsv")
    drops: list[Drop] = []
    opened = engine.open_engine(model, settings["language"]) if sentences else None
    manifest.write(path, voiced_rows(opened, sentences, settings, task.seed, drops, kept), settings["languages"])
    write_dropped(report, drops)
    task.finish(path, report)
    if model["engine"] != "http":  # what a server was paid for stays
        kept.forget()


if __name__ == "__main__":
    run(main)
