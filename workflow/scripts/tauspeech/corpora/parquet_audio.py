"""Encoded audio of some rows of Parquet files, of which each row group is read once."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tauspeech.runtime.errors import UserError

AHEAD = 256  # clips to read together, so that each row group (of about 100 clips) is read once

AudioRow = tuple[Path, int]  # a Parquet file and a row in it


def broken(path: Path, error: Exception) -> UserError:
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return UserError(f"{path} is not a complete Parquet file ({reason}): download it again.")


def encoded_audio(places: Iterable[AudioRow]) -> dict[AudioRow, bytes | None]:
    """Encoded audio by file and row; None where there is none."""
    rows: dict[Path, set[int]] = defaultdict(set)
    for path, row in places:
        rows[path].add(row)
    found: dict[AudioRow, bytes | None] = {}
    for path, wanted in rows.items():
        try:
            with pq.ParquetFile(path) as parquet:
                found |= {(path, row): data for row, data in _rows(parquet, wanted)}
        except (pa.ArrowException, OSError) as error:
            raise broken(path, error) from None
    return found


def _rows(parquet: pq.ParquetFile, wanted: set[int]) -> Iterator[tuple[int, bytes | None]]:
    first = 0
    for group in range(parquet.num_row_groups):
        after = first + parquet.metadata.row_group(group).num_rows
        inside = [row for row in wanted if first <= row < after]
        if inside:
            column = parquet.read_row_group(group, columns=["audio"]).column("audio")
            for row in inside:
                yield row, (column[row - first].as_py() or {}).get("bytes")
        first = after
