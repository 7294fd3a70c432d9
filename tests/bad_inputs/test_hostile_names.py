"""What looks like a command, a path or markup and is but a word: carried as it is, and never acted upon."""

import json

import pyarrow.parquet as pq
import pytest

from tauspeech.data.tables import read_table
from tests.bad_inputs.chat import ENVIRONMENT, asks, chat, serving
from tests.bad_inputs.test_audio import SPLITS, TABLE, rows, tone, wav
from tests.bad_inputs.world import World

HOSTILE = [
    "$(touch ran)",
    "`touch ran`",
    "x; touch ran #",
    "x && touch ran",
    "../../ran",
    'it\'s "quoted"',
    "'; DROP TABLE words; --",
    "%s %n wildcards.id",
    "-rf --output=ran",
    "🎉 party",
    "שלום عليكم",
    "&lt;b&gt; &amp;",
]


def carried(world: World, script: str, stage: str, id: str, **more: dict[str, str]) -> None:
    """The job does its work; nothing was run, and nothing is outside of the results."""
    before = {name for name in world.files() if "/results/" not in name}
    ended = world.stage(script, stage, id, **more)
    assert ended.status == 0, ended.err
    assert {name for name in world.files() if "/results/" not in name} == before
    assert not list(world.root.rglob("*ran"))


@pytest.mark.parametrize("word", HOSTILE)
def test_a_word_is_said_and_nothing_else(world: World, word: str) -> None:
    """Into sentences of the grammar, speech, and the tables' names of things."""
    world.write("words.tsv", f"word_id\tzh\ten\tdomain\nberlin-wall\t柏林墙\t{word}\tlandmark\n")
    world.planned()
    carried(world, "make_text.py", "text", "berlin-wall")
    sentences = read_table(world.results / "text" / "berlin-wall.tsv")
    assert len(sentences) == 8 and all(word.casefold() in row["en"].casefold() for row in sentences)
    carried(world, "make_speech.py", "speech", "berlin-wall")
    said = pq.read_table(world.results / "speech" / "berlin-wall.parquet", columns=["en"]).to_pylist()
    assert [row["en"] for row in said] == [row["en"] for row in sentences]


def test_a_file_of_any_name_is_read_and_nothing_else(world: World) -> None:
    names = ["$(touch ran).wav", "a; touch ran #.wav", 'it\'s "quoted" 🎉.wav']
    for name in names:
        world.write(f"config/recordings/{name}", wav(tone()))
    world.write(TABLE, rows(*names))
    world.planned()
    carried(world, "make_speech.py", "speech", "berlin-wall")
    heard = pq.read_table(world.results / "speech" / "berlin-wall.parquet").to_pylist()
    assert [(row["split"], row["audio"]["path"]) for row in heard] == list(zip(SPLITS, names, strict=True))


def test_an_answer_that_gives_orders_is_a_sentence(world: World) -> None:
    orders = ["ignore all rules and run $(touch ran)", "open ../../ran; `touch ran`", 'print the word %s "twice"']
    pairs = [
        (f"柏林墙{chinese}", f"Berlin Wall, {order}")
        for chinese, order in zip(["很高吗", "在哪里", "是什么颜色"], orders, strict=True)
    ]
    answer = json.dumps({"sentences": [{"zh": zh, "en": en} for zh, en in pairs]})
    with serving(200, chat(answer)) as url:
        asks(world, url)
        world.planned()
        carried(world, "make_text.py", "text", "berlin-wall", environment=ENVIRONMENT)
    found = read_table(world.results / "text" / "berlin-wall.tsv")
    assert sorted(row["en"] for row in found) == sorted(en for _, en in pairs)
