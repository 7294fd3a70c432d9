"""What the paper says, held against the tables of a run."""

import pandas as pd

from tauspeech.reporting.content import Claim

COLLAPSED = 2  # times the base's error rate, from which transcription counts as lost
METHODS = ("TA", "TIES", "DARE")


def claims(tables: dict[str, pd.DataFrame], task: str, control: str | None) -> list[Claim]:
    """One claim for each finding of the paper that the tables can speak to."""
    found = [_rare(tables["rarity"])]
    # Of an error rate less is more: with the sign turned, the same sentences hold.
    scores = tables["table2"].set_index("word_id").select_dtypes("number") * (1 if task == "translate" else -1)
    words, general = scores.drop("General"), scores.loc["General"]
    found += [_learns(words)]
    if "TA" in words:
        found += [_keeps_the_word(words), _keeps_the_rest(general)]
        if control == "transcribe":
            found.append(_forgets_less(tables["table3"].set_index("word_id")))
    if (composed := _composes(tables["fig2"], 1 if task == "translate" else -1)) is not None:
        found.append(composed)
    return found


def _rare(table: pd.DataFrame) -> Claim:
    detail = ", ".join(f"{row.word_id} {row.recall:.0f} %" for row in table.itertuples())
    return Claim(
        "The base does not know the words.",
        bool((table["rare"] == "yes").all()),
        f"Recall on carrier sentences: {detail}.",
    )


def _learns(words: pd.DataFrame) -> Claim:
    lift = words["FT"] - words["Raw"]
    detail = f"From {lift.min():.1f} ({lift.idxmin()}) to {lift.max():.1f} points ({lift.idxmax()})."
    return Claim("Fine-tuning lifts each word's set by 20 points or more.", bool((lift >= 20).all()), detail)


def _keeps_the_word(words: pd.DataFrame) -> Claim:
    gain = words["TA"] - words["FT"]
    detail = f"TA less FT: {gain.min():+.1f} points at worst ({gain.idxmin()}), {gain.mean():+.1f} on average."
    statement = "A single task vector below weight 1 stays within 3 points of the fine-tuned model."
    return Claim(statement, bool((gain >= -3).all()), detail)


def _keeps_the_rest(general: pd.Series) -> Claim:
    detail = (
        f"General set: raw {abs(general['Raw']):.1f}, fine-tuned {abs(general['FT']):.1f}, TA {abs(general['TA']):.1f}."
    )
    return Claim("TA keeps more of the general ability than fine-tuning.", bool(general["TA"] > general["FT"]), detail)


def _forgets_less(errors: pd.DataFrame) -> Claim:
    collapsed = errors[errors["FT"] >= COLLAPSED * errors["Raw"]]
    statement = "Where fine-tuning at least doubles the errors of transcription, TA makes at most half of those."
    if collapsed.empty:
        return Claim(
            statement,
            False,
            f"Fine-tuning raised no word's error rate to {COLLAPSED} times the base's: there is nothing to show.",
        )
    detail = ", ".join(
        f"{row.Index} raw {row.Raw:.1f}, FT {row.FT:.1f}, TA {row.TA:.1f}" for row in collapsed.itertuples()
    )
    return Claim(statement, bool((collapsed["TA"] <= collapsed["FT"] / 2).all()), f"{detail}.")


def _composes(curve: pd.DataFrame, sign: int) -> Claim | None:
    counts = pd.to_numeric(curve["words"], errors="coerce")
    several = curve[(counts >= 2) & (counts <= 4)]
    methods = [method for method in METHODS if method in several]
    if several.empty or not methods:
        return None
    gain = {method: sign * float((several[method] - several["Average"]).mean()) for method in methods}
    detail = ", ".join(f"{method} {value:+.1f}" for method, value in gain.items())
    statement = "With two to four words, TA, TIES and DARE are better than Average."
    return Claim(statement, all(value > 0 for value in gain.values()), f"Mean difference in points: {detail}.")
