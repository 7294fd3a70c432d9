"""Table of normalised performance: 0 is the pretrained model, 100 the models that are fine-tuned on one set and task each."""

import pandas as pd

from tauspeech.reporting.score_table import score_table
from tauspeech.reporting.tables import read_scores
from tauspeech.runtime.job import Job

LOWER, UPPER = "Pretrained", "Finetuned"
HIGHER_IS_BETTER = {"WER": False, "BLEU": True}


def build(job: Job) -> tuple[pd.DataFrame, None]:
    means, _ = score_table(job.settings, {id: read_scores(path) for id, path in job.inputs("scores").items()})
    return normalised(means), None


def normalised(means: pd.DataFrame) -> pd.DataFrame:
    """Means over the languages, in percent of the way from the pretrained model's mean to the fine-tuned models'.

    Empty where fine-tuning has improved nothing. ``mean`` is that of the metrics that a table has.
    """
    metrics = [metric for metric in HIGHER_IS_BETTER if metric in means]
    found = means.assign(**dict.fromkeys(metrics, float("nan")))
    for _, rows in means.groupby("table", sort=False):
        of = rows.set_index("system")
        for metric in metrics:
            gain = of.loc[UPPER, metric] - of.loc[LOWER, metric]
            if gain > 0 if HIGHER_IS_BETTER[metric] else gain < 0:
                found.loc[rows.index, metric] = 100 * (rows[metric] - of.loc[LOWER, metric]) / gain
    return found.assign(mean=found[metrics].mean(axis=1)).round(2)[["table", "system", *metrics, "mean"]]
