"""Every metric of a model: scores/<model>.tsv."""

from pathlib import Path

import pandas as pd

from tauspeech.runtime.files import read_json_lines, write_atomic
from tauspeech.runtime.job import Task, run
from tauspeech.scoring.score import score_model


def hypotheses(task: Task, role: str) -> pd.DataFrame:
    """Of all files, in one table; the utterances' sets tell them apart."""
    return pd.DataFrame([line for file in task.files(role) for line in read_json_lines(file)])


def write_scores(path: Path, table: pd.DataFrame) -> None:
    write_atomic(path, lambda part: table.to_csv(part, sep="\t", index=False, float_format="%.4f"))


def main(task: Task) -> None:
    words = {
        word: {language: tuple(forms) for language, forms in languages.items()}
        for word, languages in task.settings["words"].items()
    }
    baselines = {role: table for role in ("raw", "ft") if not (table := hypotheses(task, role)).empty}
    with_sclite = task.settings.get("sclite", False)
    table = score_model(hypotheses(task, "hypotheses"), baselines, words, task.seed, with_sclite)
    path = task.path(f"{task.name}.tsv")
    write_scores(path, table)
    task.finish(path)


if __name__ == "__main__":
    run(main)
