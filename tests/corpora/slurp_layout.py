"""A small SLURP in the layout in which it is published, with the oddities that the real one has."""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

RATE = 16_000


class Said(NamedTuple):
    """A line of a split's file, and its recordings by name, each with the speaker; None: not in the metadata."""

    id: int
    split: str
    scenario: str
    sentence: str
    recordings: dict[str, str | None]


def both(number: int, speaker: str | None) -> dict[str, str | None]:
    """A recording by the headset and by the distant microphone."""
    return {f"audio-15{number:08d}-headset.flac": speaker, f"audio-15{number:08d}.flac": speaker}


LINES = [
    Said(1, "train", "email", "Email john@example.com, please.", both(1, "FO-1") | both(2, "MO-2")),
    Said(2, "train", "email", "email john@example.com please", both(3, "FO-3")),  # the same sentence under another id
    Said(3, "train", "email", "tweet #late to the office", both(4, None)),
    Said(4, "train", "email", "read my mail", both(5, "FO-1")),  # also in the test split
    Said(5, "train", "email", ".", both(6, "FO-1")),
    Said(6, "train", "music", "play\u2028some jazz", both(7, "FO-1")),  # a line separator inside a text
    Said(7, "devel", "email", "any new mail", both(8, "FO-1")),
    Said(8, "devel", "music", "play that song", both(9, "MO-2")),
    Said(9, "test", "email", "read my mail", both(10, "MO-2")),
    Said(10, "test", "email", "answer o'neil", {"audio-1500000011.flac": "FO-1"}),
    Said(11, "test", "music", "stop the music", both(12, "FO-1")),
]
FAULTS = {"audio-1500000004.flac": "missing", "audio-1500000003-headset.flac": "silent"}


def tone(path: Path, number: int, loudness: float = 0.2, seconds: float = 0.6) -> None:
    time = np.arange(round(seconds * RATE)) / RATE
    soundfile.write(path, loudness * np.sin(2 * np.pi * (200 + 20 * number) * time), RATE)


def write_slurp(root: Path) -> Path:
    texts, audio = root / "dataset/slurp", root / "audio/slurp_real"
    texts.mkdir(parents=True)
    audio.mkdir(parents=True)
    for split in ("train", "devel", "test"):
        lines = [_line(said) for said in LINES if said.split == split]
        (texts / f"{split}.jsonl").write_text("\n".join([*lines, ""]), encoding="utf-8")
    (texts / "train_synthetic.jsonl").write_text(_line(LINES[0]._replace(sentence="made by a machine")) + "\n")
    (texts / "metadata.json").write_text(json.dumps({str(said.id): _about(said) for said in LINES}), encoding="utf-8")
    for said in LINES:
        for number, name in enumerate(said.recordings):
            if FAULTS.get(name) != "missing":
                tone(audio / name, 3 * said.id + number, 0.0 if name in FAULTS else 0.2)
    return root


def _line(said: Said) -> str:
    recordings = [{"file": name, "wer": 0.0, "ent_wer": 0.0, "status": "correct"} for name in said.recordings]
    about = {"slurp_id": said.id, "sentence": said.sentence, "sentence_annotation": said.sentence, "tokens": []}
    about |= {"intent": "hue_x", "action": "x", "scenario": said.scenario, "recordings": recordings, "entities": []}
    return json.dumps(about, ensure_ascii=False)


def _about(said: Said) -> dict:
    known = {name: {"usrid": speaker} for name, speaker in said.recordings.items() if speaker}
    return {"sentence": said.sentence, "recordings": known}


def write_mirror(slurp: Path, root: Path, **more: list) -> Path:
    """Parquet files as `datasets` writes them, with numbers of classes for scenarios."""
    import datasets

    scenarios = ["email", "music"]
    for split in ("train", "devel", "test"):
        said = [(line, name) for line in LINES if line.split == split for name in line.recordings]
        files = [slurp / "audio/slurp_real" / name for _, name in said]
        columns = {
            "audio": [{"bytes": file.read_bytes() if file.exists() else None, "path": file.name} for file in files],
            "text": [line.sentence for line, _ in said],
            "scenario": [scenarios.index(line.scenario) for line, _ in said],
        }
        data = datasets.Dataset.from_dict(columns).cast_column("audio", datasets.Audio(decode=False))
        data = data.cast_column("scenario", datasets.ClassLabel(names=scenarios))
        (root / "data").mkdir(parents=True, exist_ok=True)
        data.to_parquet(str(root / "data" / f"{split}-00000-of-00001.parquet"), batch_size=3)
    return root
