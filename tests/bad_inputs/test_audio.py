"""Bad recordings and tables of recordings."""

import io
from collections.abc import Callable

import numpy as np
import pytest
import soundfile

from tests.bad_inputs.judge import Case, refused
from tests.bad_inputs.world import World

TABLE = "config/recordings/berlin-wall.tsv"
HEAD = "file\tsplit\tzh\ten\n"
TEXT = "这里是柏林墙吗\tIs this the Berlin Wall"
SPLITS = ("train", "validation", "test")


def wav(samples: np.ndarray, rate: int = 16_000, subtype: str = "PCM_16", format: str = "WAV") -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format=format, subtype=subtype)
    return buffer.getvalue()


def tone(seconds: float = 1.0, rate: int = 16_000) -> np.ndarray:
    return 0.3 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)


def holed(value: float) -> np.ndarray:
    samples = tone()
    samples[100] = value
    return samples


def record(world: World, table: str | bytes, bad: bytes | None = None) -> None:
    for split in SPLITS:
        world.write(f"config/recordings/{split}.wav", wav(tone()))
    if bad is not None:
        world.write("config/recordings/bad.wav", bad)
    world.write(TABLE, table)


def rows(*files: str, splits: tuple[str, ...] = SPLITS, text: str = TEXT) -> str:
    return HEAD + "".join(f"{file}\t{split}\t{text}\n" for file, split in zip(files, splits, strict=True))


def audio(name: str, content: Callable[[], bytes], *says: str) -> Case:
    """The third file of the table is a bad one."""
    table = rows("train.wav", "validation.wav", "bad.wav")
    return Case(name, lambda world: record(world, table, content()), (f"{TABLE}, line 4", "bad.wav", *says))


def listed(name: str, table: str | bytes, *says: str) -> Case:
    return Case(name, lambda world: record(world, table), (TABLE, *says))


AUDIO = [
    audio("no bytes", lambda: b"", "cannot be read as audio"),
    audio("no samples", lambda: wav(np.zeros(0)), "holds no audio"),
    audio("silence", lambda: wav(np.zeros(16_000)), "is silent"),
    audio("less than the smallest step", lambda: wav(1e-6 * tone(), subtype="FLOAT"), "is silent"),
    audio("no numbers", lambda: wav(holed(np.nan), subtype="FLOAT"), "samples that are not numbers"),
    audio("infinity", lambda: wav(holed(np.inf), subtype="FLOAT"), "samples that are not numbers"),
    audio("a rate of 1 Hz", lambda: wav(tone()[:100], rate=1), "1 Hz"),
    audio("a rate of 2 GHz", lambda: wav(tone(), rate=2_000_000_000), "2000000000 Hz"),
    audio("ten minutes", lambda: wav(tone(600, 8_000), rate=8_000), "600 s", "30 s"),
    audio("a page of the web", lambda: b"<html>404</html>" * 100, "cannot be read as audio"),
    audio("half a FLAC file", lambda: wav(tone(), format="FLAC")[:60], "cannot be read as audio"),
    audio("a pickle", lambda: b"\x80\x04\x95\x10\0\0\0\0\0\0\0", "cannot be read as audio"),
]
TABLES = [
    listed("a file that there is not", rows("train.wav", "validation.wav", "no.wav"), "line 4", "does not exist"),
    listed("a folder as a file", rows("train.wav", "validation.wav", "."), "line 4", "does not exist"),
    listed("no file", rows("train.wav", "validation.wav", ""), "line 4", "column 'file'"),
    listed("no text", rows("train.wav", "validation.wav", "test.wav", text="\tIs it"), "line 2", "column 'zh'"),
    listed("an unknown split", rows("train.wav", splits=("dev",)), "line 2", "split 'dev'"),
    listed("no column of a language", "file\tsplit\tzh\ntrain.wav\ttrain\t墙\n", "column 'en' is missing"),
    listed("a cell too few", HEAD + "train.wav\ttrain\t墙\n", "line 2", "expected 4 columns, found 3"),
    listed("a head alone", HEAD, "no row of the split"),
    listed("no test speech", rows("train.wav", "validation.wav", splits=SPLITS[:2]), "no row of the split test"),
    listed("another encoding", rows(*[f"{split}.wav" for split in SPLITS]).encode("gb18030"), "is not UTF-8"),
]


@pytest.mark.parametrize("case", TABLES, ids=str)
def test_bad_tables_are_refused_by_the_plan(world: World, case: Case) -> None:
    case.harm(world)
    refused(world, world.planning, "Error: ", case.says)


@pytest.mark.parametrize("case", AUDIO, ids=str)
def test_bad_recordings_are_refused(world: World, case: Case) -> None:
    case.harm(world)
    world.planned()
    act = lambda: world.stage("make_speech.py", "speech", "berlin-wall")  # noqa: E731
    refused(world, act, "Error in speech 'berlin-wall': ", case.says)
