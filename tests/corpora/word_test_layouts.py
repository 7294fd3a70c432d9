"""Small corpora with lists of words, in the layouts that they are published in, with the faults that real ones have."""

import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import soundfile

RATE = 16_000
# Id, text, rare words of the text, list with distractors, and the sound; in the order of the file, which is no order of ids.
LIBRISPEECH = (
    ("61-70968-0001", "the miller's wife was asleep", ["miller's"], ["aubigny", "miller's", "zoe"], "tone"),
    ("61-70968-0000", "he came in the evening", [], ["banti's", "curt"], "tone"),
    ("121-121726-0002", "a harangue is a speech", ["harangue"], ["harangue"], "tone"),
    ("121-121726-0003", "nothing is there", [], ["zoe"], "none"),
    ("121-121726-0004", "", [], ["zoe"], "tone"),
    ("121-121726-0005", "quiet here", [], [], "silence"),
    ("121-121726-0006", "too long a story", ["story"], ["story"], "long"),
    ("61-70968-0001", "the miller's wife was asleep", ["miller's"], ["miller's"], "tone"),
)
USABLE = ["61-70968-0001", "61-70968-0000", "121-121726-0002"]


def sound(kind: str, frequency: float) -> np.ndarray:
    size = {"long": 31 * RATE}.get(kind, RATE)
    return (0.0 if kind == "silence" else 0.2) * np.sin(2 * np.pi * frequency * np.arange(size) / RATE)


def write_librispeech(folder: Path) -> tuple[Path, Path]:
    """A folder like LibriSpeech/test-clean, and a file of lists beside it."""
    part, lists, texts = folder / "LibriSpeech" / "test-clean", folder / "test-clean.biasing_3.tsv", {}
    for number, (id, text, _, _, kind) in enumerate(LIBRISPEECH):
        speaker, chapter, _ = id.split("-")
        place = part / speaker / chapter
        place.mkdir(parents=True, exist_ok=True)
        if kind != "none":
            soundfile.write(place / f"{id}.flac", sound(kind, 300 + 20 * number), RATE)
        texts.setdefault(place / f"{speaker}-{chapter}.trans.txt", {})[id] = text.upper()
    for path, of_chapter in texts.items():
        path.write_text("".join(f"{id} {text}\n" for id, text in sorted(of_chapter.items())), encoding="utf-8")
    rows = ["\t".join([id, text, json.dumps(rare), json.dumps(listed)]) for id, text, rare, listed, _ in LIBRISPEECH]
    lists.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return part, lists


# File id (of the call, or of the clip), text, dictionary, keywords, and the sound.
EARNINGS = (
    ("4468654", "Welcome to DiaSorin's call.", ["DiaSorin"], ["DiaSorin", "LIAISON"], "tone"),
    ("4468654", "Thank you.", [], ["DiaSorin", "LIAISON"], "tone"),
    ("4482641", "Our EBITDA grew.", ["EBITDA"], None, "tone"),
    ("4482641", None, ["EBITDA"], ["EBITDA"], "tone"),
    ("4482641", "No audio here.", None, ["EBITDA"], "none"),
)


def write_earnings(folder: Path) -> Path:
    """A folder with the Parquet files of Contextual Earnings-22; those of other splits are not read."""
    place = folder / "contextual-earnings22"
    (place / "data").mkdir(parents=True)
    table = pa.table(
        {
            "audio": [_encoded(kind, 300 + 20 * number) for number, (*_, kind) in enumerate(EARNINGS)],
            "file_id": [row[0] for row in EARNINGS],
            "audio_start": [15.0 * number for number in range(len(EARNINGS))],
            "text": [row[1] for row in EARNINGS],
            "dictionary": pa.array([row[2] for row in EARNINGS], pa.list_(pa.string())),
            "keywords": pa.array([row[3] for row in EARNINGS], pa.list_(pa.string())),
        }
    )
    pq.write_table(table, place / "data" / "test-00000-of-00001.parquet")
    (place / "data" / "validation-00000-of-00001.parquet").write_bytes(b"not read")
    return place


def _encoded(kind: str, frequency: float) -> dict[str, object] | None:
    if kind == "none":
        return None
    buffer = io.BytesIO()
    soundfile.write(buffer, sound(kind, frequency), RATE, format="WAV")
    return {"bytes": buffer.getvalue(), "path": None}


def write_table(folder: Path, *lines: str, name: str = "calls.tsv") -> Path:
    """A table of recordings with some lines, beside the audio files one.wav, two.wav and silent.wav."""
    for number, file in enumerate(("one.wav", "two.wav", "silent.wav")):
        soundfile.write(folder / file, sound("silence" if number == 2 else "tone", 300 + 20 * number), RATE)
    (folder / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return folder / name
