"""Tables that only the experiment rare_words has: its words, their rarity, and where they occur in other sets."""

from typing import Any

import pandas as pd

from tauspeech.reporting.tables import read_json
from tauspeech.runtime.job import Job
from tauspeech.text.checks import contains


def build(job: Job) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    return BUILDERS[job.settings["kind"]](job), None


def _sets(job: Job) -> pd.DataFrame:
    splits = {id: pd.read_parquet(path, columns=["split"])["split"].tolist() for id, path in job.inputs("sets").items()}
    return sets_table(job.settings["words"], splits)


def sets_table(words: list[dict[str, str]], splits: dict[str, list[str]]) -> pd.DataFrame:
    """Table 1: number of utterances of each word."""
    return pd.DataFrame(
        [
            word | {split: splits[word["word_id"]].count(split) for split in ("train", "validation", "test")}
            for word in words
        ],
        columns=["word_id", "domain", "word", "train", "validation", "test"],
    )


def _overlap(job: Job) -> pd.DataFrame:
    words = job.settings["words"]
    languages = sorted(next(iter(words.values())))
    texts = {id: pd.read_parquet(path, columns=languages) for id, path in job.inputs("sets").items()}
    return overlap_table(words, texts)


def overlap_table(words: dict[str, dict[str, list[str]]], texts: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Number of sentences with a word in sets of other words; no rows if there are none."""
    rows = []
    for word, forms in words.items():
        for set_id, table in texts.items():
            if set_id != word:
                count = sum(
                    any(contains(row[language], spelt, language) for language, spelt in forms.items())
                    for row in table.to_dict("records")
                )
                if count:
                    rows.append({"word_id": word, "set": set_id, "sentences": count})
    return pd.DataFrame(rows, columns=["word_id", "set", "sentences"])


def _rarity(job: Job) -> pd.DataFrame:
    return rarity_table(job.settings["words"], {id: read_json(path) for id, path in job.inputs("rarity").items()})


def rarity_table(words: list[dict[str, str]], checks: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """Recall of the base on each word's carrier sentences, with the measures of their speech, in percent, the verdict and an example."""

    def percent(share: float | None) -> float | None:
        return None if share is None else round(100 * share, 2)

    rows = []
    for word in words:
        check = checks[word["word_id"]]
        about = {"word_id": word["word_id"], "word": word["word"], "carriers": check["carriers"]}
        shares = {name: percent(check[name]) for name in ("recall", "control", "round_trip")}
        rows.append(about | shares | {"verdict": check["verdict"], "hypothesis": check["hypotheses"][0]})
    return pd.DataFrame(rows)


BUILDERS = {"sets": _sets, "overlap": _overlap, "rarity": _rarity}
