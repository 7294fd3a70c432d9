"""Stage tts: one engine's share of a set, normalised (tts/<environment>/<set>--<engine>-<model>.parquet).

Runs in the environment of the engine, which needs only the engine, NumPy, soundfile, soxr and pyarrow.
"""

from importlib import import_module
from typing import Any

from tauspeech.data import manifest
from tauspeech.data.dropped_utterances import Drop, write_dropped
from tauspeech.data.tables import read_table
from tauspeech.runtime.job import Job, run
from tauspeech.runtime.paths import VOICES
from tauspeech.runtime.stages import TTS_CACHE
from tauspeech.speech.sound_cache import SoundCache
from tauspeech.speech.synthesis import share, synthesised_rows


def _about(job: Job) -> dict[str, Any]:
    """Everything that cached audio depends on, besides text, speaker and seed."""
    about = {"language": job.settings["language"], "model": dict(job.settings["model"])}
    if job.settings["model"]["engine"] == "http":  # audio of a server is not paid for again if anything else changes
        return about
    return about | {"voice": job.spec["inputs"].get("voice"), "code": job.spec["code"]}


def main(job: Job) -> None:
    settings, model = job.settings, job.settings["model"]
    cache = SoundCache(job.results / TTS_CACHE / job.id, _about(job))
    model |= job.runtime_settings("speech", f"{model['engine']}/{model['name']}")
    if "trained" in model or "receipt" in model:
        model["mini"] = str(job.input("voice", ".") if model.get("trained") else VOICES / "mini")
    engine = import_module(f"tauspeech.speech.engines.{model['engine']}")
    sentences = share(read_table(job.input("text")), settings, job.seed)
    path, report = job.path(f"{job.name}.parquet"), job.path(f"{job.name}.dropped.tsv")
    drops: list[Drop] = []
    opened = engine.open_engine(model, settings["language"]) if sentences else None
    manifest.write(path, synthesised_rows(opened, sentences, settings, job.seed, drops, cache), settings["languages"])
    write_dropped(report, drops)
    job.finish(path, report)
    if model["engine"] != "http":  # audio of a server stays, because it was paid for
        cache.clear()


if __name__ == "__main__":
    run(main)
