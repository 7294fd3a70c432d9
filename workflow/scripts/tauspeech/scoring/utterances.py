"""Tables of hypotheses per set and task, checked, and paired with those of a baseline."""

import pandas as pd

from tauspeech.runtime.errors import UserError

Key = tuple[str, str]  # set, task


def by_set_and_task(table: pd.DataFrame, owner: str) -> dict[Key, pd.DataFrame]:
    """Hypotheses of each set and task, sorted by id: a resample draws the same utterances in any order of rows."""
    groups = {}
    for key, group in table.groupby(["set", "task"], dropna=False):
        _check(group, f"Set {key[0]!r} ({key[1]}) of {owner}")
        groups[key] = group.sort_values("id", ignore_index=True)
    return groups


def with_hypotheses_of(baseline: pd.DataFrame, own: pd.DataFrame, baseline_name: str) -> pd.DataFrame:
    """The model's utterances with the baseline's hypotheses; both must have the same ids and references."""
    where = f"Set {own['set'].iat[0]!r} ({own['task'].iat[0]})"
    unpaired = sorted(set(own["id"]) ^ set(baseline["id"]))
    if unpaired:
        lacking = f"baseline {baseline_name!r}" if unpaired[0] in set(own["id"]) else "the hypotheses"
        raise UserError(f"{where}: utterance {unpaired[0]!r} is missing from {lacking}: decode the whole set again.")
    changed = own.loc[own["reference"] != baseline["reference"], "id"]
    if len(changed):
        raise UserError(
            f"{where}: utterance {changed.iat[0]!r} has another reference in baseline {baseline_name!r}: decode both again."
        )
    return own.assign(hypothesis=baseline["hypothesis"])


def _check(group: pd.DataFrame, where: str) -> None:
    repeated = group.loc[group["id"].duplicated(), "id"]
    if len(repeated):
        raise UserError(f"{where}: utterance {repeated.iat[0]!r} occurs more than once.")
    for column in ("reference", "hypothesis"):
        absent = group.loc[group[column].isna(), "id"]
        if len(absent):
            raise UserError(f"{where}: utterance {absent.iat[0]!r} has no {column}: an empty text must be ''.")
    languages = sorted(group["language"].unique())
    if len(languages) > 1:
        raise UserError(f"{where}: expected texts in one language, got {', '.join(languages)}.")
