"""Checks of settings and of the user's tables when the plan is made: a job would refuse the same, after those before it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tauspeech.models.ctranslate2_package import require_ctranslate2
from tauspeech.models.families import FAMILIES, has_module
from tauspeech.runtime.errors import UserError
from tauspeech.speech.recording_tables import audio_of, carrier_split, read_recordings, require_splits
from tauspeech.text.own import read_own

_ORDER = ("test", "validation", "train")  # in which rows without a split are distributed


def require_order(section: Mapping[str, Any], lower: str, upper: str, key: str) -> None:
    """Refuse a lower limit above the upper one."""
    if section[lower] > section[upper]:
        raise UserError(
            f"key '{key}.{lower}' is {section[lower]}, and {key}.{upper} is {section[upper]}: "
            "lower the former, or raise the latter."
        )


def require_range(ends: Sequence[float], key: str) -> None:
    if ends[0] > ends[1]:
        raise UserError(f"key '{key}' is {list(ends)}: give the lower end first.")


def require_precision(precision: str, gpus: int, section: str = "training") -> None:
    """Refuse fp16 without a GPU. Whether a CPU has instructions for bf16 is known only where the job runs."""
    if precision == "fp16" and not gpus:
        raise UserError(
            f"key '{section}.precision' is fp16, which is many times slower on a CPU than fp32: set it to fp32, or "
            f"{section}.gpus to 1."
        )


def require_conversion(decoding: Mapping[str, Any], model_type: str | None) -> None:
    """Refuse settings of decoding, and types of models, with which CTranslate2 cannot decode."""
    engine = "key 'decoding.engine' is ctranslate2"
    if model_type in FAMILIES and not has_module(FAMILIES[model_type].module, "converted"):
        raise UserError(f"{engine}, which does not decode models of the type '{model_type}': leave the key out.")
    if decoding["precision"] != "fp32":
        raise UserError(
            f"{engine} and decoding.precision {decoding['precision']}, to which it would round the weights: set the latter "
            "to fp32."
        )
    if decoding.get("gpus", 0):
        raise UserError(f"{engine}, which is used on the CPU only: set decoding.gpus to 0, or leave the key out.")
    try:
        require_ctranslate2()
    except UserError as error:
        raise UserError(f"{engine}, and {error}") from None


def require_sentences(table: Path, languages: Sequence[str], counts: Mapping[str, int]) -> None:
    """Refuse a table of own sentences with mistakes, or with too few rows for the splits even if each is usable."""
    splits = [split for split, _ in read_own(table, list(languages))]
    if not splits:
        raise UserError(f"{table} has no rows: add sentences, or remove the file.")
    free = splits.count("")
    for split in _ORDER:
        fixed, wanted = splits.count(split), counts.get(split, 0)
        drawn = min(free, max(0, wanted - fixed))
        free -= drawn
        if wanted and not fixed + drawn:
            raise UserError(
                f"{table} leaves no {split} sentences (the file has too few rows): add sentences, or ask for fewer."
            )


def require_recordings(table: Path, languages: Sequence[str], splits: Sequence[str], only: str | None = None) -> None:
    """Refuse a table of recordings with mistakes, with missing files, or without rows of a split that is needed."""
    rows = read_recordings(table, languages, only)
    for where, row in rows:
        audio_of(table, where, row)
    require_splits(table, rows, [carrier_split(rows) if split == "carrier" else split for split in splits])
