"""Every metric of a model: scores/<model>.tsv."""

from functools import partial
from pathlib import Path

import pandas as pd

from tauspeech.runtime.files import read_json_lines, write_atomic
from tauspeech.runtime.job import Job, run
from tauspeech.scoring.rules import ScoringRules
from tauspeech.scoring.score import score_model, table_of_metrics


def hypotheses(job: Job, role: str) -> pd.DataFrame:
    """Hypotheses of all files in one table, with the set of each utterance."""
    return pd.DataFrame([line for file in job.files(role) for line in read_json_lines(file)])


def write_scores(path: Path, table: pd.DataFrame) -> None:
    write_atomic(path, lambda part: table.to_csv(part, sep="\t", index=False, float_format="%.4f"))


def main(job: Job) -> None:
    path = job.path(f"{job.name}.tsv")
    write_scores(path, scores(job))
    job.finish(path)


def scores(job: Job) -> pd.DataFrame:
    """Scores by every metric, or by those of the module that the plan chose."""
    found, rules = hypotheses(job, "hypotheses"), ScoringRules.of_job(job.settings)
    baselines = {role: table for role in ("raw", "ft") if not (table := hypotheses(job, role)).empty}
    if job.spec["modules"]:
        metrics = partial(job.module.tallies, settings=job.settings, rules=rules)
        return table_of_metrics(found, baselines, metrics, job.seed)
    words = {
        word: {language: tuple(forms) for language, forms in languages.items()}
        for word, languages in job.settings["words"].items()
    }
    return score_model(found, baselines, words, job.seed, job.settings.get("sclite", False), rules)


if __name__ == "__main__":
    run(main)
