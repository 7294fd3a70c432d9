"""A file that was cut short or changed by one bit: noticed when it is read, named, and made again on request."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tauspeech.runtime.stages import spec_path
from tests.bad_inputs.entry import enter
from tests.bad_inputs.judge import one_sentence
from tests.processes import python
from tests.workflow.project import Project

pytestmark = pytest.mark.workflow

# The file, and a job that reads it.
KINDS = [
    ("text/berlin-wall.tsv", "make_speech.py", "speech", "berlin-wall"),
    ("speech/berlin-wall.parquet", "finetune.py", "finetune", "berlin-wall"),
    ("models/base/model.safetensors", "check_rarity.py", "rarity", "berlin-wall"),
    ("models/berlin-wall/model.safetensors", "extract_vector.py", "vector", "berlin-wall"),
    ("vectors/berlin-wall.safetensors", "merge_vectors.py", "merge", "berlin-wall--ta"),
    ("search/berlin-wall--ta.json", "merge_vectors.py", "merge", "berlin-wall--ta"),
    ("merged/berlin-wall--ta/config.json", "decode.py", "decode", "berlin-wall--ta"),
    ("hypotheses/raw/berlin-wall.translate.jsonl", "score.py", "score", "raw/berlin-wall"),
    ("rarity/berlin-wall.json", "make_table.py", "table", "rarity"),
    ("scores/berlin-wall--ta.tsv", "make_table.py", "table", "table2"),
    ("tables/fig2.tsv", "draw_figure.py", "figure", "fig2"),
    ("claims.tsv", "write_report.py", "report", "report"),
    ("figures/fig2.svg", "write_report.py", "report", "report"),
]


def flip_a_bit(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def cut_short(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-7])


@pytest.fixture(scope="module")
def spoiled(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """One copy for all: each test puts its file back."""
    return finished.copied_to(tmp_path_factory.mktemp("spoiled") / "project")


@pytest.mark.parametrize("damage", [flip_a_bit, cut_short])
@pytest.mark.parametrize(("name", "script", "stage", "id"), KINDS, ids=[kind[0].partition("/")[0] for kind in KINDS])
def test_damage_is_named_by_what_reads_it(
    spoiled: Project, name: str, script: str, stage: str, id: str, damage: Callable[[Path], None]
) -> None:
    file = spoiled.result(name)
    whole = file.read_bytes()
    damage(file)
    before = spoiled.artifacts()
    ended = enter([script, f"results/tiny/{spec_path(stage, id)}", "1"], spoiled.folder)
    assert spoiled.artifacts() == before
    file.write_bytes(whole)
    assert ended.status == 1
    sentence = one_sentence(ended, f"Error in {stage} '{id}': ")
    assert f"{name} was changed by hand or damaged" in sentence
    assert "snakemake makes it anew" in sentence


def verify(project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    script = project.path("tools/verify_results.py")
    return subprocess.run(
        [python(), str(script), "results/tiny", *arguments], cwd=project.folder, text=True, capture_output=True
    )


def test_all_damage_is_found_at_once_and_made_again_on_request(project: Project) -> None:
    whole = project.content()
    assert verify(project).stdout.startswith("All ")
    damaged = ["vectors/berlin-wall.safetensors", "merged/first2--ties/model.safetensors", "scores/neuschwanstein.tsv"]
    for name in damaged:
        flip_a_bit(project.result(name))
    cut_short(project.result("tables/table2.receipt.json"))
    found = verify(project)
    assert found.returncode == 1
    lines = found.stdout.splitlines()
    assert len(lines) == 5
    assert all(any(name in line for line in lines) for name in [*damaged, "tables/table2.receipt.json"])
    assert "4 damaged; REPAIR=yes removes them." in lines[-1]
    assert verify(project, "yes").returncode == 0
    assert not any(project.result(name).exists() for name in damaged)
    project.run()
    assert project.content() == whole
    assert verify(project).stdout.startswith("All ")
