"""All metrics of a model's hypotheses, with p-values against the baselines, as one long table."""

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from math import nan
from typing import Any

import pandas as pd

from tauspeech.data.languages import unspaced
from tauspeech.scoring.headline import TRANSLATIONS
from tauspeech.scoring.metrics import bleu, cer, chrf, wer
from tauspeech.scoring.rare_words import word_counts
from tauspeech.scoring.rules import DEFAULT_RULES, ScoringRules
from tauspeech.scoring.sclite import sclite_wer
from tauspeech.scoring.significance import paired_p_value
from tauspeech.scoring.tally import Tally
from tauspeech.scoring.utterances import by_set_and_task, with_hypotheses_of

Words = dict[str, dict[str, tuple[str, ...]]]  # word id -> language -> accepted forms
Metrics = Callable[[pd.DataFrame], list[Tally]]  # of the hypotheses of one set and task


def score_model(
    hypotheses: pd.DataFrame,
    baselines: dict[str, pd.DataFrame],
    words: Words,
    seed: int,
    with_sclite: bool = False,
    rules: ScoringRules = DEFAULT_RULES,
) -> pd.DataFrame:
    """Table of the metrics of every set and task, and of its words; see ``table_of_metrics``."""
    metrics = partial(_tallies, words=words, with_sclite=with_sclite, rules=rules)
    return table_of_metrics(hypotheses, baselines, metrics, seed)


def table_of_metrics(
    hypotheses: pd.DataFrame, baselines: dict[str, pd.DataFrame], metrics: Metrics, seed: int
) -> pd.DataFrame:
    """Table with a row per set, task and metric; values are in percent.

    Intervals and p-values are over utterances, or over sentences where these have several takes. The input tables have a
    row per utterance: id, set, task, language (of the text), reference, hypothesis, word_id
    ('' in general sets). A baseline may lack whole sets; its p-values are NaN there.
    """
    baseline_groups = {name: by_set_and_task(table, f"baseline {name!r}") for name, table in baselines.items()}
    rows = []
    for key, utterances in by_set_and_task(hypotheses, "the hypotheses").items():
        rivals = {
            name: _by_name(with_hypotheses_of(groups[key], utterances, name), metrics) if key in groups else {}
            for name, groups in baseline_groups.items()
        }
        for name, tally in _by_name(utterances, metrics).items():
            p_values = [paired_p_value(tally, rival[name], seed) if rival else nan for rival in rivals.values()]
            rows.append([*key, *asdict(tally.metric(seed)).values(), *p_values])
    return _table(rows, [f"p_{name}" for name in baselines])


def _by_name(utterances: pd.DataFrame, metrics: Metrics) -> dict[str, Tally]:
    return {tally.name: tally.by_sentence(utterances["id"]) for tally in metrics(utterances)}


def _tallies(utterances: pd.DataFrame, words: Words, with_sclite: bool, rules: ScoringRules) -> list[Tally]:
    task, language = utterances[["task", "language"]].iloc[0]
    texts = utterances["reference"].tolist(), utterances["hypothesis"].tolist()
    if task in TRANSLATIONS:
        metrics = [bleu, chrf]
    elif unspaced(language):
        metrics = [cer]
    else:
        metrics = [wer, cer, sclite_wer] if with_sclite else [wer, cer]
    tallies: list[Tally] = [metric(*texts, language, rules) for metric in metrics]
    for word_id, forms in words.items():
        if language in forms:
            counts = word_counts(word_id, forms[language], language, *texts, rules)
            is_own_set = (utterances["word_id"] == word_id).any()
            tallies += [counts.recall(), counts.precision()] if is_own_set else [counts.false_alarms()]
    return tallies


def _table(rows: list[list[Any]], p_columns: list[str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["set", "task", "metric", "value", "low", "high", "n", "signature", *p_columns])
    numbers = dict.fromkeys(["value", "low", "high", *p_columns], float)
    return table.astype({**numbers, "n": int}).sort_values(["set", "task", "metric"], ignore_index=True)
