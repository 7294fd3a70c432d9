"""A finished run of a small project, made once, and a copy of it for each bad input."""

from pathlib import Path

import pytest

from tauspeech.models.whisper.foundation import SIZES, build_model, build_processor, save
from tests.bad_inputs.world import WORDS, World

# What stands in the results already when something bad comes in.
EARLIER = [
    ("make_text.py", "text", "berlin-wall"),
    ("make_text.py", "text", "general"),
    ("make_speech.py", "speech", "berlin-wall"),
    ("prepare_base.py", "base", "base"),
    ("finetune.py", "finetune", "berlin-wall"),
    ("extract_vector.py", "vector", "berlin-wall"),
    ("choose_weight.py", "weight", "berlin-wall--ta"),
    ("merge_vectors.py", "merge", "berlin-wall--ta"),
]


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World(tmp_path_factory.mktemp("finished"))
    world.write("words.tsv", WORDS)
    world.configure()
    processor = build_processor(["我们参观了柏林墙。", "We visited the Berlin Wall."], SIZES["tiny"])
    (world.project / "base").mkdir()
    save(build_model(processor, SIZES["tiny"], 1), processor, world.project / "base")
    world.planned()
    for script, stage, id in EARLIER:
        ended = world.stage(script, stage, id)
        assert ended.status == 0, ended.err
    return world


@pytest.fixture
def world(finished: World, tmp_path: Path) -> World:
    return finished.copied_to(tmp_path / "world")
