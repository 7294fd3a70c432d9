"""Report of the experiment language_expansion: titles, captions, facts and examples."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from tauspeech.experiments.language_expansion.tables import SECONDS, WEIGHTS
from tauspeech.models.dialogue.tokens import language_token
from tauspeech.reporting.content import DecodedText, Figure, Output, PlayedExample, Table
from tauspeech.reporting.decoded import decoded
from tauspeech.reporting.run_name import run_name
from tauspeech.reporting.signatures import signatures
from tauspeech.reporting.trained_part import trained_part
from tauspeech.reporting.voice_samples import engines_of
from tauspeech.scoring.written_language import Identifier

MARKS = ("the answer is in the language that is asked for", "it is in another one, or empty")
TITLE = "Language expansion"
LEAD = "Translation of speech into one language each, added up to one model that translates into all of them."
_TITLES = {
    "table3": "Table 3. Two languages in one model",
    "table4": "Table 4. Two other languages",
    "table5": "Table 5. A language without translations of speech",
    "third_language": "A third language",
}
_ABOUT = (
    "BLEU of each language. Weights are those of both vectors and of language control (LC), chosen on validation. TIES keeps {keep:g} "
    "of each vector, and language control is added to its result."
)
_THIRD = (
    " A third language is added to the merges of Table 3, with the weights that were chosen for the two: nothing is trained or chosen "
    "again, and language control has never seen the language. Seconds to add are those of its fine-tune, its vector and the merge, without its speech."
)
_SYNTHESIS = (
    " The analogy adds to the translation of speech into the known language what translations of texts into both differ in. "
    "C1 and C2 translate texts."
)
_MORE = {"table5": _SYNTHESIS, "third_language": _THIRD}


def facts(config: dict[str, Any], tables: dict[str, pd.DataFrame]) -> list[tuple[str, str]]:
    training, merging = config["training"], config["merging"]
    expansions = {name: found for name, found in config["expansions"].items() if found}
    return [
        ("Run", run_name(config)),
        ("Base model", config["base"]),
        (
            "Languages",
            f"from {config['languages']['source']}: "
            + "; ".join(f"{' and '.join(found['languages'])} ({name})" for name, found in expansions.items()),
        ),
        ("Speech", _corpus(config["corpus"]) or engines_of(config["speech"])),
        (
            "Fine-tuning",
            f"{trained_part(training)}{training['epochs']:g} epochs, learning rate {training['learning_rate']:g}, batch "
            f"{training['batch'] * training['accumulate']}, best checkpoint by validation {training['best_by']}",
        ),
        ("Weights tried", ", ".join(f"{each:g}" for each in sorted(merging["grid"]))),
        ("Weights of language control", ", ".join(f"{each:g}" for each in sorted(merging["control_grid"]))),
        ("Decoding", decoded(config["decoding"])),
    ]


def _corpus(corpus: dict[str, Any] | None) -> str:
    return "" if not corpus else "MuST-C" if corpus["mustc"] else "CoVoST 2"


def described_tables(tables: dict[str, pd.DataFrame], config: dict[str, Any]) -> list[Table]:
    found = []
    for name, title in _TITLES.items():
        if name in tables:
            frame = tables[name]
            caption = _ABOUT.format(**config["merging"]) + _MORE.get(name, "")
            languages = [column for column in frame if column not in ("system", WEIGHTS, SECONDS) and "_" not in column]
            merged = tuple(frame["system"][frame[WEIGHTS].fillna("") != ""])
            found.append(
                Table(
                    name,
                    title,
                    f"{caption} {signatures(tables, name)}",
                    frame,
                    best_among=merged,
                    best_in=dict.fromkeys(languages, "max"),
                )
            )
    caption = (
        "Percent of the answers to a request for one language (requested) that are in it or in another one, by identification of the "
        "run's languages; empty ones, and incomplete ones that lack a part of the form. token of another: the answer's own language token is "
        "another one than asked for. BLEU where right is that of the answers in the right language alone."
    )
    found.append(Table("confusion", "Language confusion", caption, tables["confusion"]))
    return found


def described_figures(drawn: dict[str, str], config: dict[str, Any]) -> list[Figure]:
    caption = (
        "Percent of the answers in each language (columns) of each system and the language that is asked for (rows)."
    )
    return [Figure("confusion", "Language confusion", caption, drawn["confusion"])]


def examples(
    played: dict[str, list[dict[str, Any]]],
    hypotheses: dict[tuple[str, str], dict[str, DecodedText]],
    settings: dict[str, Any],
) -> list[PlayedExample]:
    """The first test utterances of each language, with all systems' transcripts, language tokens and translations."""
    source = settings["config"]["languages"]["source"]
    identify = Identifier([source, *played])
    found = []
    for language, rows in played.items():
        for row in rows:
            outputs = []
            for system, model in settings["systems"][f"{language}.translate"]:
                text = hypotheses[model, "translate"][row["utterance"]]
                outputs.append(Output(system, text, identify(text) == language, _before(text.line)))
            audio = row["audio"]["bytes"]
            found.append(PlayedExample(language, row["utterance"], row[source], row[language], audio, outputs))
    return found


def _before(line: Mapping[str, Any]) -> str:
    """What an answer has before its translation: the transcript, and the token of a language."""
    token = language_token(line["written"]) if line.get("written") else ""
    return " ".join(part for part in (line.get("transcript", ""), token) if part)
