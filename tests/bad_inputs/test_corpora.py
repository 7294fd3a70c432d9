"""Bad recorded corpora."""

import shutil
from typing import Any

import pandas as pd
import pytest
import yaml

from tests.bad_inputs.judge import Case, refused
from tests.bad_inputs.test_audio import tone, wav
from tests.bad_inputs.world import World

SPLITS = ("train", "dev", "test")
PAIR = {"common_voice": "cv", "translations": "covost"}
CV, COVOST = "cv/ca/validated.tsv", "covost/covost_v2.ca_en.tsv"
PARTS = {"train": "train", "validation": "dev", "test": "test"}


def configure(world: World, source: dict[str, Any]) -> None:
    hours = dict.fromkeys(PARTS, 0.001)
    groups = {"high": {"languages": ["ca", "de"], "hours": hours}}
    config = {"name": "t", "experiment": "lors", "base": "base", "corpus": source, "groups": groups}
    world.write("config.yaml", yaml.safe_dump(config | {"scoring": {"sclite": False}}))


def pair(world: World) -> None:
    """A clip for each split."""
    for split in SPLITS:
        world.write(f"cv/ca/clips/{split}.mp3", wav(tone(), format="MP3", subtype="MPEG_LAYER_III"))
    world.write(CV, "client_id\tpath\tsentence\n" + "".join(f"c\t{split}.mp3\tBon dia\n" for split in SPLITS))
    rows = "".join(f"{split}.mp3\tGood morning\t{split}\n" for split in SPLITS)
    world.write(COVOST, "path\ttranslation\tsplit\n" + rows)
    configure(world, PAIR)


def mirror(world: World, **columns: Any) -> None:
    row = {"client_id": "c", "sentence": "Bon dia", "translation": "Good morning"}
    row |= {"audio": {"bytes": wav(tone()), "path": "a.wav"}} | columns
    for split in PARTS:
        file = world.write(f"mirror/ca_en/{split}-0.parquet", b"")
        frame = pd.DataFrame([row | {"id": split}])
        frame.drop(columns=[name for name, value in columns.items() if value is None]).to_parquet(file)
    configure(world, {"mirror": "mirror"})


def spoilt(name: str, file: str, content: str | bytes, *says: str) -> Case:
    return Case(name, lambda world: world.write(file, content), says)


def clips(name: str, content: bytes, *says: str) -> Case:
    def harm(world: World) -> None:
        for split in SPLITS:
            world.write(f"cv/ca/clips/{split}.mp3", content)

    return Case(name, harm, ("cv/ca", "leaves no test speech of 'ca'", *says))


def mirrored(name: str, says: tuple[str, ...], **columns: Any) -> Case:
    return Case(name, lambda world: mirror(world, **columns), says)


def broken_mirror(world: World) -> None:
    mirror(world)
    world.write("mirror/ca_en/test-0.parquet", b"PAR1")


def gone(name: str) -> Any:
    def harm(world: World) -> None:
        path = world.project / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return harm


CASES = [
    Case("no clips", gone("cv/ca/clips"), ("cv/ca/clips or cv/clips does not exist", "unpack 'ca'")),
    Case(
        "no translations",
        gone("covost/covost_v2.ca_en.tsv"),
        ("neither covost/covost_v2.ca_en.tsv", "download and unpack"),
    ),
    spoilt("a column too few", COVOST, "path\tsplit\na\ttest\n", COVOST, "column 'translation' is missing"),
    spoilt("no bytes", COVOST, b"", COVOST, "column 'path' is missing"),
    spoilt(
        "another encoding", CV, "client_id\tpath\tsentence\nc\ttest.mp3\tBon d\xeda\n".encode("latin-1"), CV, "UTF-8"
    ),
    spoilt(
        "a cell without end",
        CV,
        "client_id\tpath\tsentence\nc\ta\t" + "b" * 200_000,
        CV,
        "not a valid tab-separated table",
    ),
    spoilt(
        "clips elsewhere",
        COVOST,
        "path\ttranslation\tsplit\n../../../words.tsv\tGood morning\ttest\n",
        "leaves no test speech of 'ca'",
    ),
    clips("clips that are no audio", b"<html>404</html>", "unreadable audio"),
    clips("silent clips", wav(tone() * 0), "silent"),
    clips("clips of ten minutes", wav(tone(600, 8_000), rate=8_000), "too long"),
    clips("clips at 1 Hz", wav(tone()[:20], rate=1), "unreadable audio"),
    mirrored("a mirror without a column", ("ca_en/test-0.parquet has no column 'sentence'",), sentence=None),
    mirrored(
        "a mirror with pickled audio", ("leaves no test speech", "unreadable"), audio={"bytes": b"\x80\x04", "path": ""}
    ),
    Case(
        "a mirror that is torn", broken_mirror, ("ca_en/test-0.parquet is not a complete Parquet file", "download it")
    ),
]
PLANNED = [
    Case("a mirror that there is not", lambda world: configure(world, {"mirror": "./none"}), ("./none", "neither a folder")),
    Case("no folder of clips", gone("cv"), ("key 'corpus.common_voice'", "the folder cv does not exist")),
]  # fmt: skip


@pytest.mark.parametrize("case", PLANNED, ids=str)
def test_a_corpus_that_is_not_there_is_refused_by_the_plan(world: World, case: Case) -> None:
    pair(world)
    case.harm(world)
    refused(world, world.planning, "Error: ", case.says)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_bad_corpus_is_refused(world: World, case: Case) -> None:
    pair(world)
    case.harm(world)
    world.planned()
    refused(world, lambda: world.stage("make_corpus.py", "corpus", "ca"), "Error in corpus 'ca': ", case.says)
