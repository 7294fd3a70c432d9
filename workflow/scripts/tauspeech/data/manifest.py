"""Manifest of a set of speech: one Parquet file that contains FLAC audio, readable with pandas and `datasets`."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tauspeech.runtime.files import write_atomic

AUDIO = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
ROW_GROUP = 200

AudioKey = tuple[str, int]


def schema(languages: Iterable[str], units: bool = False) -> pa.Schema:
    """Columns of a manifest, with a column of texts for each language, and the audio or its units."""
    texts = [(language, pa.string()) for language in languages]
    # Not "id", which is the column of Indonesian texts.
    columns = [("utterance", pa.string()), ("split", pa.string()), ("word_id", pa.string()), *texts]
    return pa.schema(
        [
            *columns,
            ("units", pa.list_(pa.int32())) if units else ("audio", AUDIO),
            ("seconds", pa.float32()),
            ("voice", pa.string()),
            ("engine", pa.string()),
            ("seed", pa.int64()),
        ]
    )


def write(path: Path, rows: Iterable[dict[str, Any]], languages: Iterable[str], units: bool = False) -> None:
    """Write a manifest in row groups, because a set may be larger than memory."""
    columns = schema(languages, units)

    def write_rows(part: Path) -> None:
        with pq.ParquetWriter(part, columns, compression="none") as writer:
            for group in _groups(rows):
                writer.write_table(pa.Table.from_pylist(group, columns))

    write_atomic(path, write_rows)


def _groups(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    group: list[dict[str, Any]] = []
    for row in rows:
        group.append(row)
        if len(group) == ROW_GROUP:
            yield group
            group = []
    if group:
        yield group


def read(path: Path, split: str | None = None) -> list[dict[str, Any]]:
    """Rows of one split, or of all splits, in order."""
    filters = [("split", "=", split)] if split else None
    return pq.read_table(path, filters=filters).to_pylist()


def texts(path: Path) -> list[dict[str, Any]]:
    """Rows of all splits without their audio, which is most of a file."""
    columns = [name for name in pq.read_schema(path).names if name != "audio"]
    return pq.read_table(path, columns=columns).to_pylist()


def audio_key(row: dict[str, Any]) -> AudioKey:
    """Key of a row's audio, or units, in memory. Sets may have rows of the same name: a sentence is recorded and synthesised."""
    return row["utterance"], hash(tuple(row["units"]) if "units" in row else row["audio"]["bytes"])


def first(path: Path, split: str, count: int) -> list[dict[str, Any]]:
    """The first rows of a split; what follows them is not read."""
    rows: list[dict[str, Any]] = []
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            rows += (row for row in file.read_row_group(group).to_pylist() if row["split"] == split)
            if len(rows) >= count:
                break
    return rows[:count]
