"""What the report says about the table ``baselines``: how to read it, and which system is for which need."""

from collections.abc import Callable, Iterator
from math import isnan
from typing import Any

import pandas as pd

from tauspeech.experiments.rare_words.baseline_names import NAMES
from tauspeech.plan.text_language import text_language
from tauspeech.reporting.content import Figure, Table
from tauspeech.scoring.headline import headline_metric

LOSS = 1.0  # points of the general score that a careful user would give
BASE, VECTOR = "Raw", "TA"

TITLE = "In place of a vector"
CAPTION = (
    "Raw, FT and TA (weight chosen on validation) beside what else adds words: a prompt, a bias of their tokens, and one LoRA "
    "adapter for all. Recall, precision and F1 in percent, of all words in all of their sets; false_alarms is the share of "
    "general sentences with a word that is not in the reference; {rates}general and score are {metric} on general sentences and on "
    "the words' sets. seconds_a_word is the time of the jobs that add a word (trainings, searches of a weight or strength), "
    "megabytes_a_word what is kept of it, real_time_factor the time of decoding general sentences by that of their audio, on "
    "the machine of this run."
)


def described_settings(baselines: dict[str, Any]) -> str:
    """The settings of the systems that are switched on."""
    systems = [name for name in NAMES if name in baselines["systems"]]
    found = [", ".join(NAMES[name] for name in systems)]
    if systems != ["lora"]:
        found.append(f"{baselines['distractors']} distractors")
    if any(name.endswith("bias") for name in systems):
        found.append(_choice(baselines["strengths"], baselines["tolerance"]))
    if "lora" in systems and baselines["lora_learning_rate"]:
        found.append(f"learning rate of the adapter {baselines['lora_learning_rate']:g}")
    return "; ".join(found)


def _choice(strengths: list[float], tolerance: float) -> str:
    tried = _and([f"{each:g}" for each in sorted(strengths)])
    if not tolerance:
        return f"strength: the best of {tried} on validation"
    return f"strength: the smallest of {tried} that loses at most {tolerance:g} points of the best score on validation"


def described_table(frame: pd.DataFrame, config: dict[str, Any]) -> Table:
    metric = _metric(config)
    name = metric.upper()
    rates = f"B-{name} and U-{name} are the error rates of the words and of all others, in the words' sets; "
    about = CAPTION.format(metric=name, rates=rates if f"B-{name}" in frame else "")
    caption = f"{about} {verdicts(frame, metric)}"
    return Table("baselines", TITLE, caption, frame)


def described_figure(svg: str, config: dict[str, Any]) -> Figure:
    caption = (
        f"F1 of the words, and below it {_metric(config).upper()} on general sentences, against the number of words that a "
        "system was made for."
    )
    return Figure("baselines", f"{TITLE}, against the number of words", caption, svg)


def _metric(config: dict[str, Any]) -> str:
    return headline_metric(config["task"], text_language(config["task"], **config["languages"]))


def verdicts(frame: pd.DataFrame, metric: str) -> str:
    """Which system is for which need, for each number of words; ``metric`` is that of the general score."""
    return " ".join(
        " ".join(_Verdict(rows, metric).sentences(words)) for words, rows in frame.groupby("words", sort=False)
    )


class _Verdict:
    """Systems of one number of words."""

    def __init__(self, rows: pd.DataFrame, metric: str):
        self._rows = rows.set_index("system")
        self._sign = 1 if metric == "bleu" else -1  # of a gain
        self._base = self._rows.loc[BASE]

    def sentences(self, words: Any) -> Iterator[str]:
        able = [name for name in self._rows.index if name != BASE and self._value(name, "F1") > self._value(BASE, "F1")]
        label = f"{words} word{'' if str(words) == '1' else 's'}" if str(words).isdigit() else f"the words of {words}"
        if not able:
            yield f"With {label}, no system has a higher F1 than the base ({self._shown(BASE, 'F1')})."
            return
        yield f"With {label}, highest F1: {self._best(able, 'F1', max)}."
        careful = [name for name in able if self._gain(name) >= -LOSS]
        best = self._best(careful, "F1", max) if careful else "none"
        yield f"Highest F1 of those that lose at most {LOSS:g} point of the general score: {best}."
        least, smallest = (
            self._best(able, column, min, unit)
            for column, unit in (("seconds_a_word", " s"), ("megabytes_a_word", " MB"))
        )
        yield f"Of those above the base's F1, least time to add a word: {least}; smallest: {smallest}."
        if VECTOR in self._rows.index:
            yield self._about_vector()

    def _about_vector(self) -> str:
        others = [name for name in self._rows.index if name not in (BASE, VECTOR)]
        lost = [
            f"{what} ({self._shown(VECTOR, column, unit)}), to {_and(better)}"
            for what, column, unit, is_better in self._compared()
            if (better := [f"{name} ({self._shown(name, column, unit)})" for name in others if is_better(name)])
        ]
        return f"Where the vector (TA) loses: {'; '.join(lost) or 'nowhere'}."

    def _compared(self) -> Iterator[tuple[str, str, str, Callable[[str], bool]]]:
        """What is compared, its column and unit, and whether another system is better than the vector."""
        yield "F1", "F1", "", lambda name: self._value(name, "F1") > self._value(VECTOR, "F1")
        yield "general score", "general", "", lambda name: self._gain(name) > self._gain(VECTOR)
        for what, column, unit in (
            ("false alarms", "false_alarms", " %"),
            ("time to add a word", "seconds_a_word", " s"),
            ("size of a word", "megabytes_a_word", " MB"),
        ):
            yield what, column, unit, self._is_less(column)

    def _is_less(self, column: str) -> Callable[[str], bool]:
        return lambda name: self._value(name, column) < self._value(VECTOR, column)

    def _value(self, name: str, column: str) -> float:
        return float(self._rows.loc[name, column])

    def _gain(self, name: str) -> float:
        """Points of the general score that a system is above the base."""
        return round(self._sign * (self._value(name, "general") - float(self._base["general"])), 6)

    def _best(self, names: list[str], column: str, end: Callable[..., float], unit: str = "") -> str:
        """The best of some systems, with those that are as good; without those whose value is not a number."""
        known = [name for name in names if not isnan(self._value(name, column))]
        if not known:
            return "not known"
        best = end(self._value(name, column) for name in known)
        equal = [name for name in known if self._value(name, column) == best]
        return f"{_and(equal)} ({best:.2f}{unit})"

    def _shown(self, name: str, column: str, unit: str = "") -> str:
        return f"{self._value(name, column):.2f}{unit}"


def _and(names: list[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
