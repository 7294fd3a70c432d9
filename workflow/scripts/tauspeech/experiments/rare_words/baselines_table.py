"""The table ``baselines``: how well each system writes the words, what else it changes, and what a word costs."""

from collections.abc import Iterable, Mapping
from math import nan
from pathlib import PurePosixPath
from statistics import fmean
from typing import Any

import pandas as pd

from tauspeech.reporting.tables import bounds_last, read_scores
from tauspeech.runtime.files import read_json_lines
from tauspeech.runtime.job import Job
from tauspeech.runtime.receipts import Receipt
from tauspeech.scoring.biased_errors import biased_errors
from tauspeech.scoring.headline import headline_metric
from tauspeech.scoring.keywords import false_alarms, word_tallies
from tauspeech.scoring.rules import ScoringRules
from tauspeech.vectors.lora.config import ADAPTER_FOLDER

ROLES = ("finetuned", "vectors", "searches")  # of jobs that words cost
MEGABYTE = 1_000_000
DIGITS = {"megabytes_a_word": 4, "real_time_factor": 4}  # behind the point; others have two
Texts = Mapping[tuple[str, str], tuple[list[str], list[str]]]  # references and hypotheses by job and set


def build(job: Job) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    settings, rules = job.settings, ScoringRules.of_job(job.settings)
    scores = {id: read_scores(path) for id, path in job.inputs("scores").items()}
    texts = _texts(job)
    receipts = {role: job.receipts(role) for role in (*ROLES, "hypotheses")}
    chosen = job.choices()
    rows = []
    for row in settings["rows"]:
        line: dict[str, Any] = {"words": row["words"], "system": row["system"]}
        line |= of_words(row, settings, texts, rules)
        line["general"] = _score(scores[row["general"]], [settings["general"]], settings)
        line["score"] = _score(pd.concat([scores[id] for id in row["scores"]]), row["sets"], settings)
        line |= costs(row, receipts, settings["general"])
        line["strength"] = chosen[row["strength"]]["strength"] if row["strength"] else nan
        rows.append(line)
    table = bounds_last(pd.DataFrame(rows))
    return table.round({column: DIGITS.get(column, 2) for column in table}), None


def _texts(job: Job) -> Texts:
    """Texts of the trained task."""
    texts: dict[tuple[str, str], tuple[list[str], list[str]]] = {}
    for id, receipt in job.receipts("hypotheses").items():
        for name in receipt.content["outputs"]:
            for line in read_json_lines(receipt.path.parent / name):
                if line["task"] == job.settings["task"]:
                    references, hypotheses = texts.setdefault((id, line["set"]), ([], []))
                    references.append(line["reference"])
                    hypotheses.append(line["hypothesis"])
    return texts


def of_words(
    row: Mapping[str, Any], settings: Mapping[str, Any], texts: Texts, rules: ScoringRules
) -> dict[str, float]:
    words = {id: tuple(settings["words"][id]) for id in row["sets"]}
    language = settings["language"]
    pairs = [texts[id, name] for name in row["sets"] for id in row["scores"] if (id, name) in texts]
    references, hypotheses = ([text for pair in pairs for text in pair[side]] for side in (0, 1))
    named = dict(
        zip(("recall", "precision", "F1"), word_tallies(references, hypotheses, words, language, rules), strict=True)
    )
    named["false_alarms"] = false_alarms(*texts[row["general"], settings["general"]], words, language, rules)
    if settings["task"] == "transcribe":
        lists = [[form for forms in words.values() for form in forms]] * len(references)
        rates = biased_errors(references, hypotheses, lists, language, rules)
        named |= {f"{prefix}-{rate.name[2:].upper()}": rate for prefix, rate in zip("BU", rates, strict=True)}
    found: dict[str, float | None] = {}
    for name, tally in named.items():
        metric = tally.metric(seed=0)
        found |= {name: metric.value, f"{name}_low": metric.low, f"{name}_high": metric.high}
    return {column: nan if value is None else value for column, value in found.items()}


def _score(scores: pd.DataFrame, sets: Iterable[str], settings: Mapping[str, Any]) -> float:
    """Mean of the main metric over some sets."""
    metric = headline_metric(settings["task"], settings["language"])
    of_task = scores[(scores["task"] == settings["task"]) & (scores["metric"] == metric)]
    return fmean(of_task[of_task["set"] == name]["value"].item() for name in sets)


def costs(row: Mapping[str, Any], receipts: Mapping[str, Mapping[str, Receipt]], general: str) -> dict[str, float]:
    """Seconds of the jobs that add the words and megabytes that are kept, of each word, and the real-time factor of decoding."""
    words = len(row["sets"])
    seconds = sum(receipts[role][id].seconds for role, ids in row["seconds"].items() for id in ids)
    kept = sum(_bytes(receipts[role][id]) for role, ids in row["kept"].items() for id in ids)
    is_base = row["system"] == "Raw"
    return {
        "seconds_a_word": nan if is_base else seconds / words,
        "megabytes_a_word": nan if is_base else kept / words / MEGABYTE,
        "real_time_factor": real_time_factor(receipts["hypotheses"][row["general"]], general),
    }


def real_time_factor(decoded: Receipt, name: str) -> float:
    """Seconds of decoding for a second of a set's audio."""
    pace = decoded.content.get("pace", {}).get(name)
    return pace["seconds"] / pace["audio"] if pace and pace["audio"] else nan


def _bytes(receipt: Receipt) -> int:
    """Size of what must be kept: a vector, an adapter where there is one, or else the weights of a model."""
    files = receipt.content["outputs"]
    adapter = [name for name in files if PurePosixPath(name).parts[0] == ADAPTER_FOLDER]
    weights = [name for name in adapter or files if name.endswith(".safetensors")]
    return sum((receipt.path.parent / name).stat().st_size for name in weights)
