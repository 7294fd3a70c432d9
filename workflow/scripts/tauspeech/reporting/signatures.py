"""Signatures for captions: the settings of each metric of a table, by which its numbers can be made again."""

from collections.abc import Mapping

import pandas as pd

_NAMES = {"bleu": "BLEU", "wer": "WER", "cer": "CER", "wer_sclite": "WER by sclite"}


def signatures(tables: Mapping[str, pd.DataFrame], name: str) -> str:
    """A sentence with the signatures of the metrics that a table of scores shows; empty if the table has no details."""
    details = tables.get(f"{name}_detail")
    if details is None:
        return ""
    found = [
        f"{label} {signature}"
        for metric, label in _NAMES.items()
        for signature in sorted(set(_shown(details, metric, tables[name])))
    ]
    return f"Signature: {'; '.join(found)}." if found else ""


def _shown(details: pd.DataFrame, metric: str, table: pd.DataFrame) -> pd.Series:
    rows = details[details["metric"] == metric]
    if metric == "cer":  # beside WER it is in the details only
        with_words = details.loc[details["metric"] == "wer", ["set", "task"]]
        rows = rows[~rows.set_index(["set", "task"]).index.isin(pd.MultiIndex.from_frame(with_words))]
    if metric == "wer_sclite" and not any(column.endswith("(sclite)") for column in table):
        rows = rows.head(0)
    return rows["signature"]
