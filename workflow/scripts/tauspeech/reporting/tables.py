"""The tables of an experiment, from scores, weights, sets and rarity checks."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from tauspeech.errors import UserError
from tauspeech.scoring.headline import headline_metric
from tauspeech.text.checks import contains

Scores = dict[str, pd.DataFrame]  # by model


def read_scores(path: Path) -> pd.DataFrame:
    numbers = ("value", "low", "high", "p_raw", "p_ft")
    return pd.read_csv(path, sep="\t", keep_default_na=False, na_values={column: [""] for column in numbers})


def _rows_of(scores: Scores, model: str, set_id: str, task: str, metric: str) -> pd.Series:
    table = scores[model]
    found = table[(table["set"] == set_id) & (table["task"] == task) & (table["metric"] == metric)]
    if len(found) != 1:
        raise UserError(f"scores of '{model}' have no {metric} for {task} on '{set_id}'.")
    return found.iloc[0]


def score_table(settings: dict[str, Any], scores: Scores) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A row of systems for each set, and the details: every metric of every cell's scores.

    A cell is the mean over its [model, set] pairs; only a cell of one pair has an interval.
    """
    metric = headline_metric(settings["task"], settings["language"])
    rows, details = [], []
    for row in settings["rows"]:
        line: dict[str, Any] = {settings["first"]: row["label"]}
        bounds: dict[str, float] = {}
        for system in settings["columns"]:
            pairs = row["cells"][system]
            cells = [_rows_of(scores, model, set_id, settings["task"], metric) for model, set_id in pairs]
            line[system] = round(sum(cell["value"] for cell in cells) / len(cells), 2)
            if len(cells) == 1:
                bounds |= {f"{system}_low": round(cells[0]["low"], 2), f"{system}_high": round(cells[0]["high"], 2)}
            details += [
                _details(row["label"], system, model, scores[model], set_id, settings["task"])
                for model, set_id in pairs
            ]
        rows.append(line | bounds)
    return pd.DataFrame(rows), pd.concat(details, ignore_index=True)


def _details(label: str, system: str, model: str, table: pd.DataFrame, set_id: str, task: str) -> pd.DataFrame:
    part = table[(table["set"] == set_id) & (table["task"] == task)].copy()
    part.insert(0, "row", label)
    part.insert(1, "system", system)
    part.insert(2, "model", model)
    return part


def sets_table(words: list[dict[str, str]], splits: dict[str, list[str]]) -> pd.DataFrame:
    """Table 1: how many utterances each word has."""
    return pd.DataFrame(
        [
            word | {split: splits[word["word_id"]].count(split) for split in ("train", "validation", "test")}
            for word in words
        ],
        columns=["word_id", "domain", "word", "train", "validation", "test"],
    )


def overlap_table(words: dict[str, dict[str, list[str]]], texts: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """For each word the sets of others that hold it, with the number of sentences; no rows where there are none."""
    rows = []
    for word, forms in words.items():
        for set_id, table in texts.items():
            if set_id != word:
                held = sum(
                    any(contains(row[language], spelt, language) for language, spelt in forms.items())
                    for row in table.to_dict("records")
                )
                if held:
                    rows.append({"word_id": word, "set": set_id, "sentences": held})
    return pd.DataFrame(rows, columns=["word_id", "set", "sentences"])


def rarity_table(words: list[dict[str, str]], checks: dict[str, dict[str, Any]]) -> pd.DataFrame:
    rows = []
    for word in words:
        check = checks[word["word_id"]]
        rows.append(
            {
                "word_id": word["word_id"],
                "word": word["word"],
                "carriers": check["carriers"],
                "recall": round(100 * check["recall"], 2),
                "control": None if check["control"] is None else round(100 * check["control"], 2),
                "rare": "no" if check["known"] else "yes",
                "heard": check["heard"][0],
            }
        )
    return pd.DataFrame(rows)


def weights_table(choices: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """Every weight that was tried on validation, and which was taken."""
    rows = [
        {
            "merge": id.rpartition("--")[0],
            "method": id.rpartition("--")[2],
            "weight": point["weight"],
            "value": round(point["score"], 2),
            "chosen": int(point["weight"] == choice["weight"]),
        }
        for id, choice in choices.items()
        for point in choice["curve"]
    ]
    return pd.DataFrame(rows)


def read_json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def markdown(frame: pd.DataFrame) -> str:
    """The table without its interval columns, for a README."""
    shown = frame[[column for column in frame if not column.endswith(("_low", "_high"))]]

    def cell(value: Any) -> str:
        if pd.isna(value):
            return "–"
        return f"{value:.2f}" if isinstance(value, float) else str(value).replace("|", "\\|")

    align = ["---:" if pd.api.types.is_numeric_dtype(shown[column]) else "---" for column in shown]
    lines = [list(shown.columns), align, *([cell(value) for value in row] for row in shown.itertuples(index=False))]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
