"""Speech of one set: speech/<set>.parquet, and what was turned away in speech/<set>.dropped.tsv."""

from importlib import import_module

from tauspeech.data.dropped import Drop, write_dropped
from tauspeech.runtime.job import Task, run
from tauspeech.data import manifest


def main(task: Task) -> None:
    # The plan names the module, so that a change to one way of making speech leaves the sets of the others alone.
    way = import_module(f"tauspeech.speech.sets.{task.settings['way']}")
    drops: list[Drop] = []
    path, report = task.path(f"{task.id}.parquet"), task.path(f"{task.id}.dropped.tsv")
    manifest.write(path, way.rows(task, drops), task.settings["languages"])
    write_dropped(report, drops)
    task.finish(path, report)


if __name__ == "__main__":
    run(main)
