"""Titles, captions and facts of the experiment rare_words."""

from typing import Any

import pandas as pd

from tauspeech.reporting.content import Figure, Table
from tauspeech.scoring.normalise import CER_NORMALISATION

SYSTEMS = ("Average", "TA", "TIES", "DARE")


def facts(config: dict[str, Any], tables: dict[str, pd.DataFrame]) -> list[tuple[str, str]]:
    sets, training, languages = tables["table1"], config["training"], config["languages"]
    direction = (
        f"{languages['source']} to {languages['target']}" if config["task"] == "translate" else languages["source"]
    )
    return [
        ("Run", f"{config['name']}, seed {config['seed']}"),
        ("Base model", config["base"]),
        ("Task", f"{config['task']}, {direction}"),
        ("Words", ", ".join(sets["word"])),
        (
            "Sentences a word",
            " / ".join(str(sets[split].iloc[0]) for split in ("train", "validation", "test"))
            + " (train / validation / test)",
        ),
        (
            "Fine-tuning",
            f"{training['epochs']:g} epochs, learning rate {training['learning_rate']:g}, batch {training['batch'] * training['accumulate']}, best checkpoint by validation {training['best_by']}",
        ),
        (
            "Pruning",
            ", ".join(
                f"{name.upper()} keeps {config['merging'][name]['keep']:g}"
                for name in ("ties", "dare")
                if name in config["merging"]["methods"]
            ),
        ),
        ("Weight of a vector", _weight(config)),
    ]


def _weight(config: dict[str, Any]) -> str:
    weight = config["merging"]["weight"]
    if weight == "validation":
        grid = sorted(config["merging"]["grid"])
        return f"the smallest of {grid[0]:g} to {grid[-1]:g} within {config['merging']['tolerance']:g} points of the best on validation"
    return (
        "weights sum to 1 (tables), chosen on validation (figure)"
        if weight == "normalised"
        else f"{weight:g} (tables), chosen on validation (figure)"
    )


def described_tables(tables: dict[str, pd.DataFrame], config: dict[str, Any]) -> list[Table]:
    metric = "BLEU" if config["task"] == "translate" else "error rate"
    best = "max" if config["task"] == "translate" else "min"
    chosen = f"Weight: {_weight(config)}."
    known = [
        Table("table1", "Table 1. The words", "Domain and number of sentences of each word.", tables["table1"]),
        Table(
            "table2",
            f"Table 2. {metric} of each word",
            f"Lower-cased sacrebleu on each word's test set; General is the mean over the words' models on sentences without rare words. {chosen}",
            tables["table2"],
            best,
            SYSTEMS,
        ),
    ]
    if "table3" in tables:
        caption = f"Error rate in percent of the task that was not taught, on the same speech. {CER_NORMALISATION} The FT column is not in the paper's table. {chosen}"
        known.append(Table("table3", "Table 3. What is forgotten", caption, tables["table3"], "min", SYSTEMS))
    known.append(
        Table(
            "fig2",
            f"Figure 2 in numbers. {metric} by number of words",
            "The mean over the words' test sets; FT is one model trained on all of them. Weights are chosen on validation.",
            tables["fig2"],
            best,
            SYSTEMS,
        )
    )
    caption = "Recall of the base on carrier sentences in several voices, and of common words in the same places (control), in percent."
    known.append(Table("rarity", "Are the words rare?", caption, tables["rarity"]))
    return known


def described_figures(drawn: dict[str, str], config: dict[str, Any]) -> list[Figure]:
    captions = {
        "fig2": (
            "Figure 2. Several words in one model",
            "Score on the words' test sets against the number of words that the model was made for. FT is trained jointly.",
        ),
        "weights": (
            "Choosing the weight",
            "Score on validation against the weight of each vector. The smallest weight near the best is taken.",
        ),
    }
    return [Figure(name, *captions[name], drawn[name]) for name in captions if name in drawn]
