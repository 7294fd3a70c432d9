"""A finished run of a small project, made once, and a copy of it for each bad input."""

from pathlib import Path

import pytest

from tauspeech.models.foundation_sizes import SIZES
from tauspeech.models.whisper.foundation import new_model
from tests.bad_inputs.world import WORDS, World
from tests.sharing import made_once

# What stands in the results already when something bad comes in.
EARLIER = [
    ("make_text.py", "text", "berlin-wall"),
    ("make_text.py", "text", "general"),
    ("make_speech.py", "speech", "berlin-wall"),
    ("prepare_base.py", "base", "base"),
    ("finetune.py", "finetune", "berlin-wall"),
    ("extract_vector.py", "vector", "berlin-wall"),
    ("search_candidates.py", "search", "berlin-wall--ta"),
    ("merge_vectors.py", "merge", "berlin-wall--ta"),
]


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(made_once(tmp_path_factory, "bad-inputs", make_world))


def make_world(folder: Path) -> None:
    world = World(folder)
    world.write("words.tsv", WORDS)
    world.configure()
    model = new_model(["我们参观了柏林墙。", "We visited the Berlin Wall."], SIZES["tiny"], 1)
    model.save(world.project / "base")
    world.planned()
    for script, stage, id in EARLIER:
        ended = world.stage(script, stage, id)
        assert ended.status == 0, ended.err


@pytest.fixture
def world(finished: World, tmp_path: Path) -> World:
    return finished.copied_to(tmp_path / "world")
