"""Report of the experiment lors: titles, captions, facts and examples."""

from typing import Any, Literal

import pandas as pd

from tauspeech.data.languages import unspaced
from tauspeech.reporting.columns import is_bound
from tauspeech.reporting.content import Figure, Output, PlayedExample, Table
from tauspeech.reporting.decoded import decoded
from tauspeech.reporting.retention_sets import retention_sets
from tauspeech.reporting.run_name import run_name
from tauspeech.reporting.signatures import signatures
from tauspeech.reporting.trained_part import trained_part
from tauspeech.reporting.voice_samples import engines_of

TITLE = "Languages and tasks"
LEAD = "One task vector for each language and task, merged into one model, beside training them together."
_SHORT = ("Pretrained", "Finetuned", "Multi-lingual training", "Task Arithmetic", "LoRS-Merging")

_CASE = {"cased": "cased, as CoVoST 2 is scored (the paper does not say)", "lower": "lower-cased"}
_LINES = "Finetuned is a model of its own for each language and task. "
_SEQUENTIAL = (
    "Sequential training is one model, fine-tuned on one language and task after the other; the paper's third version names "
    "it and does not define it. "
)
_TABLES = {
    "table1": ("Table 1. Languages, recognition", "high", "The error rate of each language."),
    "table2": ("Table 2. Languages, translation", "high", "BLEU of each language."),
    "table3": ("Table 3. Tasks of each language", "high", "Means over the languages; each language merged by itself."),
    "table4": ("Table 4. Languages and tasks", "high", "All in one model, in four ways."),
    "table7": ("Table 7. Languages, recognition", "low", "The error rate of each language."),
    "table8": ("Table 8. Languages, translation", "low", "BLEU of each language."),
    "table9": ("Table 9. Tasks of each language", "low", "Each language merged by itself."),
    "table10": ("Table 10. Languages and tasks", "low", "All in one model, in four ways."),
    "table11": ("Table 11. Tasks of each language", "high", "Table 3 by language."),
}
_OF_TRANSLATION = ("table2", "table8")
_OTHERS = {
    "fig3": ("Figure 3 in numbers", "Means over all combinations of so many languages."),
    "fig4": ("Figure 4 in numbers", "Means over the languages."),
    "fig5": ("Figure 5 in numbers", "Mean error rate over the languages after pruning each fine-tuned model's vector."),
    "normalised": (
        "Normalised performance",
        "Percent of the way from Pretrained to Finetuned, in means over the languages; mean is that of both metrics. "
        "The definition is this project's.",
    ),
    "rates": (
        "Choosing the learning rates",
        "Score on validation after training with each rate, or the loss times -1 where the best checkpoint is chosen by it.",
    ),
    "ratios": ("What pruning keeps", "Percent of singular values (r) and of entries (p), chosen on validation."),
    "weights": ("Choosing the scale", "Mean score on validation at each scale of the sum of vectors."),
}
_FIGURES = {
    "fig3": ("Figure 3. Number of languages", "Means over all combinations; Finetuned is a model for each language."),
    "fig4": ("Figure 4. Hours of training speech", "Means over the languages."),
    "fig5": (
        "Figure 5. How much pruning keeps",
        "Mean error rate over the languages of fine-tuned models whose vector was pruned.",
    ),
}


def facts(config: dict[str, Any], _: dict[str, pd.DataFrame]) -> list[tuple[str, str]]:
    training, merging = config["training"], config["merging"]
    groups = [(name, group) for name, group in config["groups"].items() if group]
    found = [("Run", run_name(config)), ("Base model", config["base"])]
    found += [
        (
            f"Languages, {name} resource",
            _languages(group, config.get("recorded", [])),
        )
        for name, group in groups
    ]
    percent = [", ".join(f"{100 * each:g} %" for each in merging[key]) for key in ("ranks", "keeps")]
    return [
        *found,
        ("Speech", _speech(config)),
        (
            "Fine-tuning",
            f"{trained_part(training)}{training['epochs']:g} epochs, batch {training['batch'] * training['accumulate']}, learning rate "
            f"{_rates(training)} unless set for a training, best checkpoint by validation {training['best_by']}",
        ),
        ("Pruning", f"r of {percent[0]} and p of {percent[1]}, for each vector by validation"),
        ("Scale of the sum", f"one of {', '.join(f'{each:g}' for each in sorted(merging['grid']))}, by validation"),
        ("Decoding", decoded(config["decoding"])),
    ]


def _languages(group: dict[str, Any], recorded: list[str]) -> str:
    """The languages of a group, and the hours that speech is made or taken for; recordings are used as they are."""
    found = [", ".join(group["languages"])]
    if group["recognised"]:
        found.append(f"recognised only: {', '.join(group['recognised'])}")
    if not set(recorded) >= {*group["languages"], *group["recognised"]}:
        found.append(f"{_hours(group['hours'])} of each")
    return "; ".join(found)


def _speech(config: dict[str, Any]) -> str:
    if config["corpus"]:
        return "CoVoST 2"
    recorded = config.get("recorded", [])
    groups = [group for group in config["groups"].values() if group]
    every = {language for group in groups for language in (*group["languages"], *group["recognised"])}
    found = [f"recordings ({', '.join(recorded)})"] if recorded else []
    if every - set(recorded):
        simulated = ", as simulated recordings" if config["speech"].get("channel") else ""
        found.append(engines_of(config["speech"]) + simulated)
    return ", ".join(found)


def _hours(hours: dict[str, float]) -> str:
    minutes = [f"{60 * hours[split]:g}" for split in ("train", "validation", "test")]
    return f"{' / '.join(minutes)} minutes (train / validation / test)"


def _rates(training: dict[str, Any]) -> str:
    given = training["learning_rate"]
    rates = given if isinstance(given, list) else [given]
    if len(rates) == 1:
        return f"{rates[0]:g}"
    scope = "kind of training" if training["search"] == "kind" else "training"
    return f"{' or '.join(f'{rate:g}' for rate in rates)} for each {scope} by validation,"


def described_tables(tables: dict[str, pd.DataFrame], config: dict[str, Any]) -> list[Table]:
    """In the order of the paper, then the others."""
    decoding = f"Decoding: {decoded(config['decoding'])}."
    scored = _scored(config)
    found = []
    for name, (title, group, caption) in _TABLES.items():
        if name in tables:
            rows = _LINES + (_SEQUENTIAL if "Sequential training" in set(tables[name]["system"]) else "")
            about = f"The {group}-resource languages. {caption} {rows}{scored} {decoding} {signatures(tables, name)}"
            found.append(
                Table(
                    name,
                    title,
                    about,
                    tables[name],
                    best_among=_rivals(tables[name]),
                    best_in=_ends(tables[name], name in _OF_TRANSLATION),
                )
            )
    if "retention" in tables:
        found.append(_retention(tables, config))
    for name, (title, caption) in _OTHERS.items():
        if name in tables:
            found.append(Table(name, title, caption, _as_shown(name, tables[name])))
    return found


def _as_shown(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """Learning rates as text: the page prints numbers with two decimals."""
    if name != "rates":
        return table
    return table.assign(learning_rate=[f"{float(rate):g}" for rate in table["learning_rate"]])


def _retention(tables: dict[str, pd.DataFrame], config: dict[str, Any]) -> Table:
    caption = (
        f"Your recordings of what must not be forgotten: {retention_sets(config['retention'])}. The systems of each table, as the "
        f"mean over the models of a system. Of error rates lower is better, of BLEU higher. {signatures(tables, 'retention')}"
    )
    return Table("retention", "What must not be forgotten", caption, tables["retention"])


def _scored(config: dict[str, Any]) -> str:
    groups = [group for group in config["groups"].values() if group]
    languages = [language for group in groups for language in (*group["languages"], *group["recognised"])]
    unit = "WER, or CER where a column says so," if any(map(unspaced, languages)) else "WER"
    case = _CASE[config["scoring"]["bleu_case"]]
    return (
        f"{unit} by jiwer, and WER by sclite where it is installed, lower is better; BLEU is {case}, higher is better."
    )


def _rivals(table: pd.DataFrame) -> tuple[str, ...]:
    return tuple(system for system in table["system"] if system not in ("Pretrained", "Finetuned"))


def _ends(table: pd.DataFrame, translated: bool) -> dict[str, Literal["max", "min"]]:
    """The better end of each column: max or min."""
    scores = [column for column in table if column != "system" and not is_bound(column)]
    return {column: "max" if translated or column.startswith("BLEU") else "min" for column in scores}


def described_figures(drawn: dict[str, str], _: dict[str, Any]) -> list[Figure]:
    return [Figure(name, *_FIGURES[name], drawn[name]) for name in _FIGURES if name in drawn]


def examples(
    played: dict[str, list[dict[str, Any]]], hypotheses: dict[tuple[str, str], dict[str, str]], settings: dict[str, Any]
) -> list[PlayedExample]:
    """The first test utterances of each language, transcribed and, where it is translated, translated by some systems."""
    found = []
    for language, rows in played.items():
        for row in rows:
            for task, written in (("transcribe", language), ("translate", "en")):
                systems = settings["systems"].get(f"{language}.{task}")
                if not systems:
                    continue
                outputs = [
                    Output(system, hypotheses[model, task][row["utterance"]])
                    for system, model in systems
                    if system in _SHORT
                ]
                audio = row["audio"]["bytes"]
                found.append(
                    PlayedExample(f"{language}, {task}", row["utterance"], row[language], row[written], audio, outputs)
                )
    return found
