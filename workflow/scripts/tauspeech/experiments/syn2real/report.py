"""Report of the experiment syn2real: titles, captions, facts and examples."""

from typing import Any, Literal

import pandas as pd

from tauspeech.data.domains.corpora import kind_of
from tauspeech.experiments.syn2real.systems import (
    BASELINE,
    JOINT,
    MERGED,
    MERGED_ENSEMBLE,
    PSEUDO_BASELINE,
    PSEUDO_MERGED,
)
from tauspeech.reporting.columns import is_bound
from tauspeech.reporting.content import Figure, Output, PlayedExample, Table
from tauspeech.reporting.decoded import decoded
from tauspeech.reporting.run_name import run_name
from tauspeech.reporting.signatures import signatures
from tauspeech.reporting.trained_part import trained_part
from tauspeech.reporting.voice_samples import engines_of

TITLE = "From synthetic to recorded speech"
LEAD = (
    "A model that is taught a domain by synthetic speech, plus the difference that recordings make in other domains, without "
    "further training."
)
SYSTEMS = (
    BASELINE,
    MERGED,
    MERGED_ENSEMBLE,
    JOINT,
    PSEUDO_BASELINE,
    PSEUDO_MERGED,
)  # without the target's own labels

_TABLES = {
    "table1": (
        "Table 1. Target domains",
        "Each domain is the target once. The relative gain of the average is that of averages, as the paper's 10.03 %; its own "
        "domains' gains have a mean of 7.73 %, which is what 'Mean of ratios' corresponds to.",
    ),
    "table2": (
        "Table 2. Models of several sizes",
        "Each with its own baseline. The averages that the paper prints are not the means of its cells (15.17, 12.78 and 5.25 "
        "for tiny, base and small).",
    ),
    "table3": ("Table 3. A model of another family", "With its own baseline."),
    "table4": ("Table 4. Engines of synthetic speech", "Each with its own baseline."),
    "table5": (
        "Table 5. The ensemble of source domains",
        "A vector for each source domain, averaged, beside one vector of all sources.",
    ),
    "pseudo2real": (
        "Pseudo2Real",
        "Uses unlabelled recordings of the target, labelled by the base; the vector is that of true labels less such labels. Not "
        "comparable with Table 1, whose targets have no recordings.",
    ),
}
_FOUR = "The paper chose its four domains by their results: two of the best and two of the worst."
_OTHERS = {
    "scales": (
        "The scale of each target",
        "'scale' is chosen without the target's recordings; the oracle is the best scale on its test set, which nobody could "
        "know. 'lost' is the difference in percent of the oracle's WER.",
    ),
    "fig4": ("Figure 4 in numbers", "Mean WER of the compared targets at each scale."),
    "fig5": ("Figure 5 in numbers", "Cosines between vectors of single domains."),
    "fig6": ("Figure 6 in numbers", "Mean WER of the compared targets; the interval is that of the draws."),
    "domains": ("The domains", "Utterances of each split."),
}
_FIGURES = {
    "fig4": ("Figure 4. The scale of the vector", "Mean WER of the compared targets, on their test sets."),
    "fig5": ("Figure 5. Vectors by two engines", "Cosines between vectors of single domains, clustered."),
    "fig6": (
        "Figure 6. Number of source domains",
        "Mean WER of the compared targets with ensembles of so many domains; bars are 95 % intervals of the draws.",
    ),
}


def facts(config: dict[str, Any], tables: dict[str, pd.DataFrame]) -> list[tuple[str, str]]:
    training, continuation = config["training"], config["continuation"]
    found = [("Run", run_name(config)), ("Base model", config["base"])]
    if config["other_bases"]:
        found.append(("Further models", ", ".join(other["base"] for other in config["other_bases"].values())))
    return [
        *found,
        (
            "Domains",
            f"{len(tables['domains'])}, of which targets: {', '.join(dict.fromkeys(tables['scales']['target']))}",
        ),
        ("Recordings", recordings(config)),
        ("Synthetic speech", engines_of(config["speech"])),
        (
            "Fine-tuning",
            f"{trained_part(training)}{training['epochs']:g} epochs, batch {training['batch'] * training['accumulate']}, learning "
            f"rate {training['learning_rate']:g}, on the target {continuation['rate']:g} times that, best checkpoint by validation "
            f"{training['best_by']}",
        ),
        ("Scale", _scale(config)),
        ("Decoding", decoded(config["decoding"])),
    ]


def recordings(config: dict[str, Any]) -> str:
    """Origin of the recordings; simulated ones are always called that."""
    corpus = config["corpus"]
    if not corpus:
        return "simulated: synthetic speech of other voices, through rooms, microphones and noise"
    return f"{kind_of(corpus)} {corpus[kind_of(corpus)]}"


def _scale(config: dict[str, Any]) -> str:
    if config["merging"]["scale"] == "held_out":
        return "chosen for each target on source domains that are held out"
    return f"{config['merging']['scale']:g} for all targets"


def described_tables(tables: dict[str, pd.DataFrame], config: dict[str, Any]) -> list[Table]:
    """In the order of the paper, then the others."""
    simulated = "Recordings are simulated. " if not config["corpus"] else ""
    found = []
    for name, (title, caption) in _TABLES.items():
        if name in tables:
            four = f" {_FOUR}" if name in ("table2", "table3", "table4", "table5") else ""
            about = (
                f"{caption}{four} {simulated}WER, lower is better. The paper's numbers are in {name}_detail. Decoding: "
                f"{decoded(config['decoding'])}. {signatures(tables, name)}"
            )
            found.append(Table(name, title, about, tables[name], best_among=SYSTEMS, best_in=_ends(tables[name])))
    for name, (title, caption) in _OTHERS.items():
        if name in tables:
            found.append(Table(name, title, f"{caption} {simulated}".strip(), tables[name]))
    return found


def _ends(table: pd.DataFrame) -> dict[str, Literal["max", "min"]]:
    """The better end of each column of error rates, where rows are systems of one setting."""
    if next(iter(table)) != "system":
        return {}
    names = ("system", "Mean of ratios", "Domains improved")
    return {column: "min" for column in table if column not in names and not is_bound(column)}


def described_figures(drawn: dict[str, str], config: dict[str, Any]) -> list[Figure]:
    simulated = "" if config["corpus"] else " Recordings are simulated."
    return [
        Figure(name, title, caption + simulated, drawn[name])
        for name, (title, caption) in _FIGURES.items()
        if name in drawn
    ]


def examples(
    played: dict[str, list[dict[str, Any]]], hypotheses: dict[tuple[str, str], dict[str, str]], settings: dict[str, Any]
) -> list[PlayedExample]:
    """The first test utterances of each compared target, transcribed by some systems."""
    language = settings["config"]["language"]
    found = []
    for id, rows in played.items():
        for row in rows:
            outputs = [
                Output(system, hypotheses[folder, "transcribe"][row["utterance"]])
                for system, folder in settings["systems"].get(id, [])
            ]
            text, audio = row[language], row["audio"]["bytes"]
            found.append(PlayedExample(id.partition("--")[0], row["utterance"], text, text, audio, outputs))
    return found
