"""One engine's share of a set: voiced/<environment>/<set>--<engine>-<model>.parquet, as it was said and normalised.

Runs in the environment of the engine, which need not have more than the engine, NumPy, soundfile, soxr and pyarrow.
"""

from importlib import import_module
from typing import Any

from tauspeech.data import manifest
from tauspeech.data.dropped import Drop, write_dropped
from tauspeech.data.tables import read_table
from tauspeech.runtime.job import Job, run
from tauspeech.runtime.paths import VOICES
from tauspeech.runtime.stages import TTS_CACHE
from tauspeech.speech.sound_cache import SoundCache
from tauspeech.speech.synthesis import share, synthesised_rows


def _about(job: Job) -> dict[str, Any]:
    """What a sound depends on, of all that the share does."""
    about = {"language": job.settings["language"], "model": dict(job.settings["model"])}
    if job.settings["model"]["engine"] == "http":  # whatever else changes, it is not paid for again
        return about
    return about | {"voice": job.spec["inputs"].get("voice"), "code": job.spec["code"]}


def main(job: Job) -> None:
    settings, model = job.settings, job.settings["model"]
    kept = SoundCache(job.results / TTS_CACHE / job.id, _about(job))
    model |= job.runtime_settings("speech", f"{model['engine']}/{model['name']}")
    if "trained" in model or "receipt" in model:
        model["mini"] = str(job.input("voice", ".") if model.get("trained") else VOICES / "mini")
    engine = import_module(f"tauspeech.speech.engines.{model['engine']}")
    sentences = share(read_table(job.input("text")), settings, job.seed)
    path, report = job.path(f"{job.name}.parquet"), job.path(f"{job.name}.dropped.tsv")
    drops: list[Drop] = []
    opened = engine.open_engine(model, settings["language"]) if sentences else None
    manifest.write(path, synthesised_rows(opened, sentences, settings, job.seed, drops, kept), settings["languages"])
    write_dropped(report, drops)
    job.finish(path, report)
    if model["engine"] != "http":  # what a server was paid for stays
        kept.forget()


if __name__ == "__main__":
    run(main)
