"""Table over all seeds of a run: the mean of each number, and its standard deviation in a column ``X_sd``."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pandas as pd

from tauspeech.reporting.columns import deviation, with_bounds
from tauspeech.reporting.content import Table
from tauspeech.reporting.tables import read_frame
from tauspeech.runtime.job import Job


def build(job: Job) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    tables = {path.name: path for path in job.files("tables")}
    frames = [read_frame(tables[f"{each['id']}.tsv"]) for each in job.spec["inputs"]["tables"]]
    return over_seeds(frames, job.settings["names"]), None


def over_seeds(frames: Sequence[pd.DataFrame], names: Sequence[str]) -> pd.DataFrame:
    """Mean and sample standard deviation of each number over tables of the same rows, which ``names`` identify.

    Rows with the same names are matched by their order. A number that one seed does not have, such as the precision of a
    word that was never written, is left out.
    """
    numbers = [
        column
        for column in with_bounds(frames[0].columns)
        if column not in names and all(pd.api.types.is_numeric_dtype(frame[column]) for frame in frames)
    ]
    places = pd.concat([frame.groupby([*names], dropna=False).cumcount() for frame in frames])
    every = pd.concat(frames).astype(dict.fromkeys(numbers, float))
    grouped = every.groupby([*(every[name] for name in names), places], sort=False, dropna=False)[numbers]
    mean, spread = grouped.mean(), grouped.std()
    is_whole = grouped.count() == len(frames)
    found = mean.where(is_whole).join(spread.where(is_whole).rename(columns=deviation)).round(4)
    return found.droplevel(len(names)).reset_index()


def with_seeds(described: Sequence[Table], tables: Mapping[str, pd.DataFrame]) -> list[Table]:
    """The tables of a report, each with that over all seeds behind it, if there is one."""

    def both() -> Iterator[Table]:
        for table in described:
            yield table
            if (name := f"{table.name}--seeds") in tables:
                caption = (
                    "Mean over all seeds of the run, with the standard deviation, of each number of the table above."
                )
                yield replace(table, name=name, title=f"{table.title}: all seeds", caption=caption, frame=tables[name])

    return list(both())
