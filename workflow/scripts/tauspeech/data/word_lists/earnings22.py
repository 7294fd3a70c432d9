"""Contextual Earnings-22 (arXiv 2604.07354) as it is published: Parquet files of the data set argmaxinc/contextual-earnings22.

Columns that are read, after the reader nemo_skills/dataset/contextual-earnings22/prepare.py of the repository NVIDIA-NeMo/Skills:
audio (bytes and path), file_id (several clips of a call may share it), text, dictionary (the keywords of the clip) and
keywords (those of the call, with distractors).
"""

from collections.abc import Iterator
from pathlib import Path

from tauspeech.data.word_lists.listing import ListedUtterance, UtteranceWords
from tauspeech.data.word_lists.phrases import distinct, require_no_tokens
from tauspeech.runtime.errors import UserError

COLUMNS = ("file_id", "text", "dictionary", "keywords")
CONTEXTS = ("local", "global")  # keywords of the clip, or of the call as well


def earnings_utterances(folder: Path, context: str) -> Iterator[ListedUtterance]:
    """Clips of the split test, with the list of a context. Published scores are about the keywords of the clip."""
    files = sorted(folder.rglob("test-*.parquet"))
    if not files:
        raise UserError(f"{folder} has no files test-*.parquet: give the folder of Contextual Earnings-22.")
    number = 0
    for file in files:
        for row, (call, text, own, of_call) in enumerate(_rows(file)):
            counted = distinct(own or ())
            listed = distinct([*counted, *(of_call or ())]) if context == "global" else counted
            require_no_tokens(listed, f"{file}, row {row + 1}")
            name = f"{call or 'clip'}-{number:05d}"
            yield ListedUtterance(name, text or "", UtteranceWords(listed, counted), file, row)
            number += 1


def _rows(path: Path) -> Iterator[tuple[str | None, str | None, list[str] | None, list[str] | None]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as parquet:
            names = parquet.schema_arrow.names
            if missing := [column for column in (*COLUMNS, "audio") if column not in names]:
                raise UserError(f"{path} has no column '{missing[0]}': give the files of Contextual Earnings-22.")
            table = parquet.read(columns=list(COLUMNS))
    except (pa.ArrowException, OSError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(f"{path} is not a complete Parquet file ({reason}): download it again.") from None
    yield from zip(*(table.column(column).to_pylist() for column in COLUMNS), strict=True)
