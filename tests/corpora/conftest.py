"""A small CoVoST 2 in the layouts that it comes in, with the faults that real ones have.

Each clip is a tone of its own frequency, so that it can be told by ear which one a row holds.
"""

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
import soundfile

RATES = (32_000, 48_000, 44_100)
NAMES = ["train", "dev", "test"]


class Spoken(NamedTuple):
    """A clip, and what should become of it: a reason to drop it, or a row."""

    number: int
    split: str  # as the table of translations writes it
    sentence: str
    translation: str
    seconds: float = 1.0
    sound: str = "tone"
    reason: str = ""

    @property
    def frequency(self) -> int:
        return 300 + 40 * self.number


CA = [
    Spoken(1, "train", "Bon dia a tothom.", "Good morning, everyone."),
    Spoken(2, "train_covost", "NA", "null", 1.5),
    Spoken(3, "train", '"Vine, va dir ell.', 'Come," he said.'),
    Spoken(4, "train", '"""Qui és?"" va preguntar."', '"Who is it?" she asked.', 2.0),
    Spoken(5, "train_covost", "  Una barra \\ i prou. ", " A backslash \\ and no more.\u00a0", 0.8),
    Spoken(6, "dev", "Cafe\u0301 amb llet.", "Cafe\u0301 with milk."),
    Spoken(7, "dev", "Plou.", "It rains.", 0.6),
    Spoken(8, "test", "Fins demà.", "See you tomorrow.", 1.2),
    Spoken(9, "test", "Són les tres.", "It is three."),
    Spoken(20, "train", "No hi és.", "It is not there.", sound="none", reason="missing clip"),
    Spoken(21, "train", "Escombraries.", "Rubbish.", sound="junk", reason="unreadable audio"),
    Spoken(22, "train", "Silenci.", "Silence.", sound="silence", reason="silent"),
    Spoken(23, "train", "Llarg.", "Long.", 3.2, reason="too long"),
    Spoken(24, "train", "Curt.", "Short.", 0.3, reason="too short"),
    Spoken(25, "train", '""', "Two marks.", reason="empty sentence"),
    Spoken(26, "train", "Sense.", "", reason="empty translation"),
    Spoken(27, "test", "Buit.", "Nothing.", sound="empty", reason="unreadable audio"),
]
SV = [
    *(Spoken(number, "train", f"Hej på dig {number}.", f"Hello there {number}.") for number in range(4, 9)),
    Spoken(2, "dev", "Det snöar.", "It snows."),
    Spoken(3, "test", "Vi ses.", "See you."),
]
CORPUS = {"ca": CA, "sv-SE": SV}


def path_of(code: str, clip: Spoken) -> str:
    return f"common_voice_{code}_{clip.number:08d}.mp3"


def client_of(clip: Spoken) -> str:
    return f"{clip.number % 3:0128x}"


def write_sound(path: Path, clip: Spoken) -> None:
    rate = RATES[clip.number % 3]
    time = np.arange(round(clip.seconds * rate)) / rate
    tone = 0.3 * np.sin(2 * np.pi * clip.frequency * time)
    if clip.sound == "junk":
        path.write_bytes(b"<html>404</html>" * 100)
    elif clip.sound == "empty":
        path.write_bytes(b"")
    elif clip.sound != "none":
        samples = tone if clip.sound == "tone" else np.zeros_like(tone)
        soundfile.write(path, np.stack([samples, samples], 1) if clip.number == 2 else samples, rate, format="MP3")


def write_official(frame: pd.DataFrame, path: Path) -> None:
    """As CoVoST's get_covost_splits.py writes."""
    frame.to_csv(path, sep="\t", index=False, encoding="utf-8", escapechar="\\", quoting=csv.QUOTE_NONE)


def write_plain(frame: pd.DataFrame, path: Path) -> None:
    """As the releases are: quotation marks are letters like others."""
    lines = [list(frame.columns), *frame.astype(str).values.tolist()]
    escaped = [[cell.replace("\\", "\\\\").replace("\t", "\\\t") for cell in line] for line in lines]
    path.write_text("".join("\t".join(line) + "\n" for line in escaped), encoding="utf-8")


def validated(code: str) -> pd.DataFrame:
    rows = [(client_of(clip), path_of(code, clip), clip.sentence, 2, 0) for clip in CORPUS[code]]
    return pd.DataFrame(rows, columns=["client_id", "path", "sentence", "up_votes", "down_votes"])


def translated(code: str) -> pd.DataFrame:
    rows = [(path_of(code, clip), clip.translation, clip.split) for clip in CORPUS[code]]
    return pd.DataFrame(rows, columns=["path", "translation", "split"])


@pytest.fixture(scope="session")
def common_voice(tmp_path_factory) -> Path:
    """A release with two languages; only to be read."""
    root = tmp_path_factory.mktemp("cv-corpus-4-2019-12-10")
    for code, clips in CORPUS.items():
        (root / code / "clips").mkdir(parents=True)
        for clip in clips:
            write_sound(root / code / "clips" / path_of(code, clip), clip)
        write_plain(validated(code), root / code / "validated.tsv")
    return root


@pytest.fixture(scope="session")
def translations(tmp_path_factory) -> Path:
    """The raw tables of translations; only to be read."""
    root = tmp_path_factory.mktemp("covost")
    for code in CORPUS:
        write_plain(translated(code), root / f"covost_v2.{code}_en.tsv")
    return root


@pytest.fixture(scope="session")
def split_translations(tmp_path_factory) -> Path:
    """What get_covost_splits.py makes of the two."""
    root = tmp_path_factory.mktemp("covost-split")
    for code in CORPUS:
        joined = pd.merge(validated(code)[["path", "sentence", "client_id"]], translated(code), on="path")
        for name in NAMES:
            rows = joined[joined["split"].isin([name, f"{name}_covost"])]
            columns = ["path", "sentence", "translation", "client_id"]
            write_official(rows[columns], root / f"covost_v2.{code}_en.{name}.tsv")
    return root


@pytest.fixture(scope="session")
def mirror(common_voice, tmp_path_factory) -> Path:
    """Parquet files as `datasets` writes them, the training split in several; only to be read."""
    import datasets

    root = tmp_path_factory.mktemp("mirror")
    for code, clips in CORPUS.items():
        for split, name in zip(("train", "validation", "test"), NAMES, strict=True):
            chosen = [clip for clip in clips if clip.split in (name, f"{name}_covost")]
            parts = -(-len(chosen) // 4)
            for part in range(parts):
                columns = mirror_columns(common_voice, code, chosen[4 * part : 4 * part + 4])
                data = datasets.Dataset.from_dict(columns).cast_column("audio", datasets.Audio(decode=False))
                file = root / f"{code}_en" / f"{split}-{part:05d}-of-{parts:05d}.parquet"
                file.parent.mkdir(exist_ok=True)
                data.to_parquet(str(file), batch_size=2)  # more than one row group
    return root


def mirror_columns(common_voice: Path, code: str, clips: list[Spoken]) -> dict[str, list]:
    files = [common_voice / code / "clips" / path_of(code, clip) for clip in clips]
    return {
        "client_id": [client_of(clip) for clip in clips],
        "file": [str(file) for file in files],
        "audio": [{"bytes": file.read_bytes() if file.exists() else None, "path": file.name} for file in files],
        "sentence": [clip.sentence for clip in clips],
        "translation": [clip.translation for clip in clips],
        "id": [file.stem for file in files],
    }
