"""Every metric of a model: scores/<model>.tsv."""

from pathlib import Path

import pandas as pd

from tauspeech.runtime.files import read_json_lines, write_atomic
from tauspeech.runtime.job import Job, run
from tauspeech.scoring.rules import ScoringRules
from tauspeech.scoring.score import score_model


def hypotheses(job: Job, role: str) -> pd.DataFrame:
    """Hypotheses of all files in one table, with the set of each utterance."""
    return pd.DataFrame([line for file in job.files(role) for line in read_json_lines(file)])


def write_scores(path: Path, table: pd.DataFrame) -> None:
    write_atomic(path, lambda part: table.to_csv(part, sep="\t", index=False, float_format="%.4f"))


def main(job: Job) -> None:
    words = {
        word: {language: tuple(forms) for language, forms in languages.items()}
        for word, languages in job.settings["words"].items()
    }
    baselines = {role: table for role in ("raw", "ft") if not (table := hypotheses(job, role)).empty}
    with_sclite, rules = job.settings.get("sclite", False), ScoringRules.of_job(job.settings)
    table = score_model(hypotheses(job, "hypotheses"), baselines, words, job.seed, with_sclite, rules)
    path = job.path(f"{job.name}.tsv")
    write_scores(path, table)
    job.finish(path)


if __name__ == "__main__":
    run(main)
