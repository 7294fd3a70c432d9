"""Report of the experiment rare_words: titles, captions, facts and examples."""

from typing import Any, Literal

import pandas as pd

from tauspeech.reporting.content import Figure, Output, PlayedExample, Table
from tauspeech.reporting.decoded import decoded
from tauspeech.reporting.trained_part import trained_part
from tauspeech.scoring.headline import headline_metric
from tauspeech.scoring.normalise import CER_NORMALISATION, WER_NORMALISATION
from tauspeech.text.checks import contains

TITLE = "Rare words"
LEAD = "One task vector for each rare word, used alone and merged with others, without further training."
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
            f"{trained_part(training)}{training['epochs']:g} epochs, learning rate {training['learning_rate']:g}, batch {training['batch'] * training['accumulate']}, best checkpoint by validation {training['best_by']}",
        ),
        ("Decoding", decoded(config["decoding"])),
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


METRICS = {
    "bleu": "Lower-cased sacrebleu BLEU",
    "cer": f"Character error rate in percent ({CER_NORMALISATION})",
    "wer": f"Word error rate in percent ({WER_NORMALISATION})",
}


def described_tables(tables: dict[str, pd.DataFrame], config: dict[str, Any]) -> list[Table]:
    """Tables in the order of the paper, then those that the paper does not have."""
    languages, weight = config["languages"], f"Weight: {_weight(config)}."
    found = [Table("table1", "Table 1. The words", "Domain and number of sentences of each word.", tables["table1"])]

    def scored(name: str, title: str, caption: str, task: str) -> Table:
        metric = headline_metric(task, languages["target"] if task == "translate" else languages["source"])
        best: Literal["max", "min"] = "max" if metric == "bleu" else "min"
        return Table(name, title, f"{METRICS[metric]} {caption}", tables[name], best, SYSTEMS)

    general = "General is the mean over the words' models on sentences without rare words."
    found.append(scored("table2", "Table 2. Each word", f"on each word's test set. {general} {weight}", config["task"]))
    if "table3" in tables:
        caption = f"on the task that was not trained, with the same speech. The FT column is not in the paper's table. {weight}"
        found.append(scored("table3", "Table 3. What is forgotten", caption, config["control_task"]))
    caption = "as the mean over the words' test sets; FT is trained on all words. Weights are chosen on validation."
    found.append(scored("fig2", "Figure 2 in numbers. Several words in one model", caption, config["task"]))
    caption = "Recall of the base on carrier sentences, and of common words in the same places (control), in percent."
    found.append(Table("rarity", "Are the words rare?", caption, tables["rarity"]))
    if len(tables["overlap"]):
        caption = "Sentences of other sets that contain a word; it should occur in its own set only."
        found.append(Table("overlap", "Words that occur elsewhere", caption, tables["overlap"]))
    return found


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


def examples(
    played: dict[str, list[dict[str, Any]]], hypotheses: dict[tuple[str, str], dict[str, str]], settings: dict[str, Any]
) -> list[PlayedExample]:
    """The first test utterances of each word, with the outputs of its systems."""
    config = settings["config"]
    source, target = config["languages"]["source"], config["languages"]["target"]
    language = target if config["task"] == "translate" else source
    found = []
    for word, rows in played.items():
        forms = settings["words"][word]
        spellings = tuple(form for group in forms.values() for form in group)
        for row in rows:
            id, outputs = row["utterance"], []
            for system, model in settings["systems"][word]:
                text = hypotheses[model, config["task"]][id]
                outputs.append(Output(system, text, contains(text, forms[language], language)))
            found.append(PlayedExample(word, id, row[source], row[language], row["audio"]["bytes"], outputs, spellings))
    return found
