"""Recorded speech of one language from CoVoST 2: corpora/<set>.parquet, and what was passed over in <set>.dropped.tsv."""

from tauspeech.corpora.covost import rows
from tauspeech.data.dropped import Drop, write_dropped
from tauspeech.runtime.job import Task, run
from tauspeech.data import manifest


def main(task: Task) -> None:
    settings = task.settings
    dropped: list[Drop] = []
    path, report = task.path(f"{task.id}.parquet"), task.path(f"{task.id}.dropped.tsv")
    found = rows(settings["source"], settings["language"], settings["hours"], task.seed, dropped)
    manifest.write(path, found, settings["languages"])
    write_dropped(report, dropped)
    task.finish(path, report)


if __name__ == "__main__":
    run(main)
