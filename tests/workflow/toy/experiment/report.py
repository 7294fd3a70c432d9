"""Report of the experiment toy."""

from typing import Any

import pandas as pd

from tauspeech.reporting.content import Figure, Output, PlayedExample, Table

TITLE = "A toy"
LEAD = "What a model forgets when its task vector is subtracted."
SYSTEMS = ("base", "tuned", "negated")


def facts(config: dict[str, Any], _: dict[str, pd.DataFrame]) -> list[tuple[str, str]]:
    return [("Run", config["name"]), ("Weight", f"{-config['forget']:g}")]


def described_tables(tables: dict[str, pd.DataFrame], _: dict[str, Any]) -> list[Table]:
    return [Table("table1", "Table 1. Systems", "Lower-cased sacrebleu BLEU.", tables["table1"])]


def described_figures(*_: Any) -> list[Figure]:
    return []


def examples(
    played: dict[str, list[dict[str, Any]]], hypotheses: dict[tuple[str, str], dict[str, str]], _: dict[str, Any]
) -> list[PlayedExample]:
    found = []
    for id, rows in played.items():
        for row in rows:
            outputs = [Output(system, hypotheses[system, "translate"][row["utterance"]]) for system in SYSTEMS]
            audio = row["audio"]["bytes"]
            found.append(PlayedExample(id, row["utterance"], row["zh"], row["en"], audio, outputs))
    return found
