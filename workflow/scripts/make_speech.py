"""Speech of one set: speech/<set>.parquet, from its sentences or from the user's recordings."""

from collections.abc import Iterator
from typing import Any

from tauspeech.corpora.selection import within
from tauspeech.job import Task, run
from tauspeech.speech import espeak, manifest, recordings
from tauspeech.speech.voices import Utterance
from tauspeech.text.table import read_table


def spoken(task: Task) -> Iterator[dict[str, Any]]:
    """Rows of the manifest, as the voice says them: of each split as many as its hours hold, where those are given."""
    rows, hours = read_table(task.input("text")), task.settings["hours"]
    for split in dict.fromkeys(row["split"] for row in rows):
        said = spoken_rows(task, [row for row in rows if row["split"] == split])
        yield from within(said, hours[split]) if hours else said


def spoken_rows(task: Task, rows: list[dict[str, str]]) -> Iterator[dict[str, Any]]:
    settings = task.settings
    # The carrier and its control differ in one word: the same voice says both.
    utterances = [
        Utterance(row["utterance"].replace("-control-", "-carrier-"), row[settings["language"]]) for row in rows
    ]
    engine = espeak.version()
    voiced = espeak.synthesise(utterances, settings, task.seed, task.threads)
    for number, (row, voice) in enumerate(zip(rows, voiced, strict=True), 1):
        if number % 500 == 0:
            print(f"{number} of {len(rows)} utterances", flush=True)
        audio = {"audio": {"bytes": voice.flac, "path": f"{row['utterance']}.flac"}, "seconds": voice.samples / 16_000}
        yield row | audio | {"voice": voice.voice, "engine": engine}


def main(task: Task) -> None:
    settings, path = task.settings, task.path(f"{task.id}.parquet")
    if "recordings" in settings:
        rows = recordings.rows(
            settings["recordings"]["path"], task.id, settings["word"], settings["languages"], settings["carriers"]
        )
    else:
        rows = spoken(task)
    manifest.write(path, rows, settings["languages"])
    task.finish(path)


if __name__ == "__main__":
    run(main)
