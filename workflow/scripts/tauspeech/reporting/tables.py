"""The tables of an experiment, from scores, weights, sets and rarity checks."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from tauspeech.runtime.errors import UserError
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
    """A row for each of the settings' rows, and the details: every metric of every cell's scores.

    A cell is the mean over its [model, set, task, language]; only a mean of one has an interval.
    """
    lines, details = [], []
    for row in settings["rows"]:
        line = {name: row["names"][name] for name in settings["names"]}
        label = " ".join(map(str, line.values()))
        bounds: dict[str, float] = {}
        for column in (each for each in settings["columns"] if each in row["cells"]):
            found = []
            for model, set_id, task, language in row["cells"][column]:
                metric = settings["metrics"].get(column) or headline_metric(task, language)
                found.append(_rows_of(scores, model, set_id, task, metric))
                if column not in settings["metrics"]:
                    details.append(_details(label, column, model, scores[model], set_id, task))
            line[column] = round(sum(cell["value"] for cell in found) / len(found), 2)
            if len(found) == 1:
                bounds |= {f"{column}_low": round(found[0]["low"], 2), f"{column}_high": round(found[0]["high"], 2)}
        lines.append(line | bounds)
    frame = pd.DataFrame(lines)
    shown = [*settings["names"], *settings["columns"]]
    frame = frame[[*shown, *(column for column in frame if column not in shown)]]
    return frame, pd.concat(details, ignore_index=True).drop_duplicates(ignore_index=True)


def _details(label: str, column: str, model: str, table: pd.DataFrame, set_id: str, task: str) -> pd.DataFrame:
    part = table[(table["set"] == set_id) & (table["task"] == task)].copy()
    part.insert(0, "row", label)
    part.insert(1, "column", column)
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


def ratios_table(choices: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """What pruning leaves of each vector, in percent: as chosen on validation."""
    columns = {
        "SVP r": ("svd", "rank"),
        "MP p": ("magnitude", "keep"),
        "LoRS r": ("lors", "rank"),
        "LoRS p": ("lors", "keep"),
    }
    return pd.DataFrame(
        [
            {"vector": id} | {name: 100 * choice[method][option] for name, (method, option) in columns.items()}
            for id, choice in choices.items()
        ]
    )


def retained_table(hours: dict[str, float], curves: dict[str, list[dict[str, Any]]]) -> pd.DataFrame:
    """Figure 5: the mean over languages of the score at each ratio, for each size of the training speech."""
    points = [point | {"size": hours[id]} for id, curve in curves.items() for point in curve]
    found = pd.DataFrame(points).groupby(["method", "size", "ratio"], sort=True)["value"].mean()
    return found.round(2).reset_index()


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
