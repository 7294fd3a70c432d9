"""Tables of the experiment negative_vectors: the models by how often the vector is subtracted, and what the base writes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

import pandas as pd

from tauspeech.data import manifest
from tauspeech.reporting.tables import bounds_last, read_scores
from tauspeech.runtime.job import Job

Scores = Mapping[str, pd.DataFrame]  # by model and sets
SPEECH = "speech"  # the set of recordings
SHOWN = 5  # texts of each sound


def build(job: Job) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    if job.settings["kind"] == "phrases":
        (path,) = job.inputs("sets").values()
        return phrases_table(manifest.texts(path), job.settings["language"]), None
    return subtraction_table(job.settings, {id: read_scores(path) for id, path in job.inputs("scores").items()})


def subtraction_table(settings: Mapping[str, Any], scores: Scores) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A row for each weight, with the one that validation chooses, and the details: every metric of every model.

    The weight -1 is the fine-tuned model, and 0 the base.
    """
    rate, pace = settings["metrics"]
    lines, details = [], []
    for row in settings["rows"]:
        tables = {
            split: pd.concat([scores[id] for id in ids], ignore_index=True) for split, ids in row["scores"].items()
        }
        details += [table.assign(weight=row["weight"], split=split) for split, table in tables.items()]
        paces = [_found(tables["validation"], sound, pace)["value"] for sound in settings["sounds"]]
        line = {
            "weight": row["weight"],
            f"validation {_label(rate)}": _found(tables["validation"], SPEECH, rate)["value"],
        }
        lines.append(line | {f"validation {_label(pace)}": fmean(paces)} | _tested(settings, tables["test"]))
    frame = pd.DataFrame(lines)
    points = list(frame.iloc[:, :3].itertuples(index=False, name=None))
    frame.insert(3, "chosen", (frame["weight"] == chosen_weight(points, settings["most_loss"])).astype(int))
    frame = bounds_last(frame).round(2)
    detail = pd.concat(details, ignore_index=True)
    names = ["weight", "split"]
    return frame, detail[[*names, *(column for column in detail if column not in names)]]


def chosen_weight(points: Sequence[tuple[float, float, float]], most_loss: float) -> float:
    """The weight with the fewest words a minute, of those whose error rate on speech is within ``most_loss`` of the base's.

    Points are weights with their error rates and words a minute; the base has the weight 0, and negative ones are left
    out. Of equal weights the smallest is chosen.
    """
    limit = most_loss + next(error for weight, error, _ in points if weight == 0)
    return min((words, weight) for weight, error, words in points if weight >= 0 and error <= limit)[1]


def phrases_table(rows: Sequence[Mapping[str, Any]], language: str) -> pd.DataFrame:
    """The most frequent texts of each sound, with their share in percent of its utterances that have a text."""
    lines = []
    for sound in dict.fromkeys(row["voice"] for row in rows):
        texts = [row[language] for row in rows if row["voice"] == sound]
        for text, count in Counter(texts).most_common(SHOWN):
            share = round(100 * count / len(texts), 1)
            lines.append({"sound": sound, "text": text, "utterances": count, "share": share})
    return pd.DataFrame(lines)


def _tested(settings: Mapping[str, Any], table: pd.DataFrame) -> dict[str, float]:
    """Cells of a row about the test split, with their intervals."""
    rate, pace = settings["metrics"]
    of_sounds = ("any_text", *(["false_alarms"] if settings["alarms"] else []), pace)
    places = {_label(rate): (SPEECH, rate)} | {
        f"{sound}: {_label(metric)}": (sound, metric) for sound in settings["sounds"] for metric in of_sounds
    }
    cells: dict[str, float] = {}
    for name, place in places.items():
        found = _found(table, *place)
        cells |= {name: found["value"], f"{name}_low": found["low"], f"{name}_high": found["high"]}
    return cells


def _found(table: pd.DataFrame, set_id: str, metric: str) -> "pd.Series[Any]":
    return table[(table["set"] == set_id) & (table["metric"] == metric)].iloc[0]


def _label(metric: str) -> str:
    return metric.upper() if metric in ("wer", "cer") else metric.replace("_", " ")
