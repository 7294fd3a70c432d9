"""Table of normalised performance: 0 is the pretrained model, 100 the models that are fine-tuned on one set and task each."""

import pandas as pd

from tauspeech.reporting.score_table import score_table
from tauspeech.reporting.tables import read_scores
from tauspeech.runtime.job import Job

LOWER, UPPER = "Pretrained", "Finetuned"
NAMES = ["table", "system"]
BLEU = "BLEU"  # the others are error rates, such as WER, CER or WER/CER, of which less is better


def build(job: Job) -> tuple[pd.DataFrame, None]:
    means, _ = score_table(job.settings, {id: read_scores(path) for id, path in job.inputs("scores").items()})
    return normalised(means), None


def normalised(means: pd.DataFrame) -> pd.DataFrame:
    """Means over the languages, in percent of the way from the pretrained model's mean to the fine-tuned models'.

    Empty where fine-tuning has improved nothing. ``mean`` is that of the metrics that a table has, if all have a value.
    """
    metrics = [column for column in means if column not in NAMES]
    found = means.assign(**dict.fromkeys([*metrics, "mean"], float("nan")))
    for _, rows in means.groupby("table", sort=False):
        of_table = [metric for metric in metrics if rows[metric].notna().all()]
        for metric in of_table:
            found.loc[rows.index, metric] = _in_percent(rows.set_index("system")[metric], metric == BLEU).to_numpy()
        found.loc[rows.index, "mean"] = found.loc[rows.index, of_table].mean(axis=1, skipna=False)
    return found.round(2)[[*NAMES, *metrics, "mean"]]


def _in_percent(scores: pd.Series, higher_is_better: bool) -> pd.Series:
    gain = scores[UPPER] - scores[LOWER]
    improved = gain > 0 if higher_is_better else gain < 0
    return 100 * (scores - scores[LOWER]) / gain if improved else scores * float("nan")
