"""Report of the experiment rare_words: titles, captions, facts and examples."""

from typing import Any, Literal

import pandas as pd

from tauspeech.experiments.rare_words.baselines_report import described_figure, described_settings, described_table
from tauspeech.experiments.rare_words.further_report import ROWS, described_further
from tauspeech.plan.text_language import text_language
from tauspeech.reporting.content import Figure, Output, PlayedExample, Table
from tauspeech.reporting.decoded import decoded
from tauspeech.reporting.retention_sets import retention_sets
from tauspeech.reporting.run_name import run_name
from tauspeech.reporting.signatures import signatures
from tauspeech.reporting.trained_part import trained_part
from tauspeech.scoring.headline import headline_metric
from tauspeech.scoring.rare_words import word_counts
from tauspeech.scoring.rules import ScoringRules

MARKS = ("the rare word came out right", "it did not")
TITLE = "Rare words"
LEAD = "One task vector for each rare word, used alone and merged with others, without further training."
SYSTEMS = ("Average", "TA", "TIES", "DARE")


def facts(config: dict[str, Any], tables: dict[str, pd.DataFrame]) -> list[tuple[str, str]]:
    sets, training, languages = tables["table1"], config["training"], config["languages"]
    direction = (
        f"{languages['source']} to {languages['target']}" if config["task"] == "translate" else languages["source"]
    )
    return [
        ("Run", run_name(config)),
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
        ("Weight in Tables 2 and 3", _weight(config)),
        *([("In place of a vector", described_settings(config["baselines"]))] if "baselines" in config else []),
    ]


def _weight(config: dict[str, Any]) -> str:
    """Weight of each vector in Tables 2 and 3."""
    weight = config["merging"]["weight"]
    if weight == "validation":
        grid = sorted(config["merging"]["grid"])
        return f"the smallest of {grid[0]:g} to {grid[-1]:g} within {config['merging']['tolerance']:g} points of the best on validation"
    return "1/2 for a single vector" if weight == "normalised" else f"{weight:g}"


def _what_ta_is(config: dict[str, Any]) -> str:
    """Sentence on TA of a single word, which is Average where its weight is 1/2 and FT where it is 1."""
    weight = config["merging"]["weight"]
    if "ta" not in config["merging"]["methods"]:
        return ""
    if weight == "validation":
        return " Where it is 1/2, TA is Average."
    same = {"normalised": "Average", 0.5: "Average", 1: "FT"}.get(weight)
    return f" TA is {same}: one model, in two columns." if same else ""


def _joint(config: dict[str, Any]) -> str:
    """Sentence on the training of FT in Figure 2."""
    limit = config["composition"]["joint_steps"]
    if not limit:
        return "FT is one model, trained on all words for as many epochs as on one."
    return (
        f"FT is one model, trained on all words for at most {limit:g} times the steps of one (composition.joint_steps)."
    )


# The two readings of the paper's weights in Figure 2.
CHOSEN = (
    "Weights are chosen on validation, after the paper's section 4.2, where TA adjusts them.",
    " Where validation chooses 1/max(2, K) for K words, TA is Average.",
)
NORMALISED = (
    "Each of K vectors has the weight 1/max(2, K), after the paper's section 3.2 (weights sum to 1) and most numbers of its "
    "Table 2.",
    " TA is Average at these weights: {}.",
)


def _reading(sentences: tuple[str, str], config: dict[str, Any], shown: str = "") -> str:
    """The two sentences on a reading, of which the second is about TA; ``shown`` says how TA and Average are shown."""
    about, about_ta = sentences
    return about + (about_ta.format(shown) if "ta" in config["merging"]["methods"] else "")


BLEU = {"lower": "Lower-cased BLEU, as in the paper,", "cased": "Cased BLEU (the paper's is lower-cased)"}
METRICS = {
    "cer": "Character error rate in percent",
    "wer": "Word error rate in percent",
}


def described_tables(tables: dict[str, pd.DataFrame], config: dict[str, Any]) -> list[Table]:
    """Tables in the order of the paper, then those that the paper does not have."""
    languages, weight = config["languages"], f"Weight: {_weight(config)}.{_what_ta_is(config)}"
    found = [Table("table1", "Table 1. The words", "Domain and number of sentences of each word.", tables["table1"])]

    def scored(name: str, title: str, caption: str, task: str) -> Table:
        metric = headline_metric(task, text_language(task, **languages))
        best: Literal["max", "min"] = "max" if metric == "bleu" else "min"
        about = BLEU[config["scoring"]["bleu_case"]] if metric == "bleu" else METRICS[metric]
        return Table(name, title, f"{about} {caption} {signatures(tables, name)}", tables[name], best, SYSTEMS)

    general = "General is the mean over the words' models on sentences without rare words."
    found.append(scored("table2", "Table 2. Each word", f"on each word's test set. {general} {weight}", config["task"]))
    if "table3" in tables:
        caption = f"on the task that was not trained, with the same speech. The FT column is not in the paper's table. {weight}"
        found.append(scored("table3", "Table 3. What is forgotten", caption, config["control_task"]))
    if "retention" in tables:
        found.append(_retention(tables, config))
    found += described_further(tables, _weight(config), SYSTEMS)
    for name, title, reading in (
        ("fig2", "Figure 2 in numbers. Several words in one model", _reading(CHOSEN, config)),
        (
            "fig2_normalised",
            "Figure 2 in numbers, with weights that sum to 1",
            _reading(NORMALISED, config, "one model, in two columns"),
        ),
    ):
        caption = f"as the mean over the words' test sets. {_joint(config)} {reading}"
        found.append(scored(name, title, caption, config["task"]))
    if "baselines" in tables:
        found.append(described_table(tables["baselines"], config))
    caption = (
        "In percent: recall of the base on carrier sentences, and of common words in the same places (control); carrier "
        "sentences whose transcript is right, or nearly so, apart from the word (round_trip)."
    )
    found.append(Table("rarity", "Are the words rare?", caption, tables["rarity"]))
    if len(tables["overlap"]):
        caption = "Sentences of other sets that contain a word; it should occur in its own set only."
        found.append(Table("overlap", "Words that occur elsewhere", caption, tables["overlap"]))
    return found


def _retention(tables: dict[str, pd.DataFrame], config: dict[str, Any]) -> Table:
    table, name = tables["retention"], "retention"
    ends: set[Literal["max", "min"]] = {"max" if metric == "BLEU" else "min" for metric in table["metric"]}
    caption = (
        f"Your recordings of what must not be forgotten: {retention_sets(config['retention'])}. Error rates in percent, where "
        f"lower is better, or BLEU. {ROWS.format(weight=_weight(config))} {signatures(tables, name)}"
    )
    best = ends.pop() if len(ends) == 1 else None  # one column may hold both metrics
    return Table(name, "What must not be forgotten", caption, table, best, SYSTEMS)


def described_figures(drawn: dict[str, str], config: dict[str, Any]) -> list[Figure]:
    about = f"Score on the words' test sets against the number of words that the model was made for. {_joint(config)}"
    captions = {
        "fig2": ("Figure 2. Several words in one model", f"{about} {_reading(CHOSEN, config)}"),
        "fig2_normalised": (
            "Figure 2 with weights that sum to 1",
            f"{about} {_reading(NORMALISED, config, 'one model, one line')}",
        ),
        "weights": (
            "Choosing the weight",
            "Score on validation against the weight of each vector. The smallest weight near the best is taken, except where "
            "weights are set to 1/max(2, K).",
        ),
    }
    found = [Figure(name, *captions[name], drawn[name]) for name in captions if name in drawn]
    return [*found, described_figure(drawn["baselines"], config)] if "baselines" in drawn else found


def examples(
    played: dict[str, list[dict[str, Any]]], hypotheses: dict[tuple[str, str], dict[str, str]], settings: dict[str, Any]
) -> list[PlayedExample]:
    """The first test utterances of each word, with the outputs of its systems."""
    config = settings["config"]
    rules = ScoringRules.of_config(config)
    source, language = config["languages"]["source"], text_language(config["task"], **config["languages"])
    found = []
    for word, rows in played.items():
        forms = settings["words"][word]
        spellings = tuple(form for group in forms.values() for form in group)
        for row in rows:
            id, outputs = row["utterance"], []
            for system, model in settings["systems"][word]:
                text = hypotheses[model, config["task"]][id]
                hit = word_counts(word, tuple(forms[language]), language, [text], [text], rules).in_hypothesis[0] > 0
                outputs.append(Output(system, text, bool(hit)))
            found.append(PlayedExample(word, id, row[source], row[language], row["audio"]["bytes"], outputs, spellings))
    return found
