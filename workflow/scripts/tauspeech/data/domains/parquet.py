"""SLURP, or a corpus like it, as Parquet files with audio, such as those of mirrors on the hub, in a folder or there.

Columns are audio, text (or sentence) and scenario (or domain), and optionally split and speaker (or usrid). Without a
column split, files are named by their split: `train-00000-of-00002.parquet` or `train/0000.parquet`. Audio is not read.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tauspeech.data.domains.listing import SPLIT_OF, DomainRecording, ListedSentence
from tauspeech.data.domains.slurp import of_microphone
from tauspeech.data.hub_files import fetch_file, list_files
from tauspeech.runtime.errors import UserError

if TYPE_CHECKING:
    import pyarrow as pa

NAMES = {"text": ("text", "sentence"), "domain": ("scenario", "domain"), "speaker": ("speaker", "usrid")}


def parquet_rows(mirror: str, mic: str) -> Iterator[ListedSentence]:
    folder = Path(mirror).expanduser()
    local = folder.is_dir()
    listed = (
        [path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet")] if local else list_files(mirror)
    )
    files = sorted(file for file in listed if file.endswith(".parquet"))
    if not files:
        raise UserError(f"the mirror {mirror} has no Parquet files: give a folder or a data set that has some.")
    rows = [row for file in files for row in _rows(folder / file if local else fetch_file(mirror, file), file)]
    names = [recording.name for row in rows for recording in row.recordings]
    if mic != "all" and not any("-headset" in name for name in names):
        raise UserError(f"the mirror {mirror} does not name its recordings by microphone: set corpus.mic to all.")
    for row in rows:
        yield row._replace(recordings=[each for each in row.recordings if of_microphone(each.name, mic)])


def _rows(path: Path, file: str) -> list[ListedSentence]:
    """Sentences of a file; those without a domain are left out."""
    columns = _columns(path)
    splits = columns.get("split") or [_split_of(file)] * len(columns["text"])
    speakers = columns.get("speaker") or [""] * len(columns["text"])
    return [
        ListedSentence(
            str(domain or ""),
            str(split or ""),
            str(text or ""),
            f"{file} row {number}",
            [DomainRecording(Path(name or f"{file} row {number}").name, path, number, str(speaker or ""))],
        )
        for number, (domain, split, text, name, speaker) in enumerate(
            zip(columns["domain"], splits, columns["text"], columns["name"], speakers, strict=True)
        )
        if domain
    ]


def _columns(path: Path) -> dict[str, list[Any]]:
    """Columns of a file but for the audio itself, of which the path is read, under this module's names."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as parquet:
            schema = parquet.schema_arrow
            chosen = {key: next((each for each in names if each in schema.names), None) for key, names in NAMES.items()}
            for key in ("text", "domain"):
                if not chosen[key]:
                    raise UserError(f"{path} has no column '{NAMES[key][0]}': give a mirror of SLURP.")
            if "audio" not in schema.names or not pa.types.is_struct(schema.field("audio").type):
                raise UserError(
                    f"{path} has no column 'audio' of bytes and paths: give a mirror of SLURP that contains its audio."
                )
            has_names = schema.field("audio").type.get_field_index("path") >= 0
            wanted = {key: name for key, name in chosen.items() if name} | (
                {"split": "split"} if "split" in schema.names else {}
            )
            table = parquet.read(columns=[*wanted.values(), *(["audio.path"] if has_names else [])])
    except (pa.ArrowException, OSError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(f"{path} is not a complete Parquet file ({reason}): download it again.") from None
    found = {key: _named(table.column(name).to_pylist(), path, name, schema) for key, name in wanted.items()}
    named = table.column("audio").to_pylist() if has_names else [None] * table.num_rows
    return found | {"name": [(each or {}).get("path") for each in named]}


def _named(values: list[Any], path: Path, column: str, schema: "pa.Schema") -> list[Any]:
    """Values of a column; numbers of classes become the names that `datasets` has kept in the file's metadata.

    A negative number is that of an utterance without a class.
    """
    if not any(isinstance(value, int) for value in values):
        return values
    kept = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
    names = kept.get("info", {}).get("features", {}).get(column, {}).get("names")
    if names and (highest := max(value for value in values if value is not None)) >= len(names):
        raise UserError(
            f"{path} has the class {highest} in the column '{column}', and names of {len(names)}: download it again."
        )
    return [None if value is None or value < 0 else names[value] if names else str(value) for value in values]


def _split_of(file: str) -> str:
    """The split that a file's name or its folder begins with; empty if there is none."""
    for part in reversed(Path(file).parts):
        first = re.split(r"[-_.]", part)[0]
        if first in SPLIT_OF and not part.startswith("train_synthetic"):
            return first
    return ""
