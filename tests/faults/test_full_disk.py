"""A disk that is full, at each stage that writes: one sentence, no half-written file, and the same result later."""

import subprocess

import pytest

from tauspeech.runtime.stages import spec_path
from tests.processes import prepared, python
from tests.workflow.project import Project

pytestmark = pytest.mark.workflow

# Script, stage and job, and what of it is made again; a few letters fit on this disk.
LITTLE_ROOM = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))"
STAGES = [
    ("make_text.py", "text", "berlin-wall", ["text/berlin-wall.tsv", "text/berlin-wall.receipt.json"]),
    ("make_speech.py", "speech", "berlin-wall", ["speech/berlin-wall.parquet", "speech/berlin-wall.receipt.json"]),
    ("prepare_base.py", "base", "base", ["models/base/model.safetensors", "models/base/receipt.json"]),
    ("check_rarity.py", "rarity", "berlin-wall", ["rarity/berlin-wall.json", "rarity/berlin-wall.receipt.json"]),
    ("check_intelligibility.py", "intelligibility", "intelligibility", ["intelligibility.tsv", "intelligibility.receipt.json"]),
    ("finetune.py", "finetune", "berlin-wall", ["models/berlin-wall/model.safetensors", "models/berlin-wall/receipt.json"]),
    ("extract_vector.py", "vector", "berlin-wall", ["vectors/berlin-wall.safetensors", "vectors/berlin-wall.receipt.json"]),
    ("search_candidates.py", "search", "berlin-wall--ta", ["search/berlin-wall--ta.json", "search/berlin-wall--ta.receipt.json"]),
    ("merge_vectors.py", "merge", "berlin-wall--ta", ["merged/berlin-wall--ta/model.safetensors", "merged/berlin-wall--ta/receipt.json"]),
    ("decode.py", "decode", "berlin-wall--ta", ["hypotheses/berlin-wall--ta/berlin-wall.translate.jsonl", "hypotheses/berlin-wall--ta.receipt.json"]),
    ("score.py", "score", "berlin-wall--ta", ["scores/berlin-wall--ta.tsv", "scores/berlin-wall--ta.receipt.json"]),
    ("make_table.py", "table", "table2", ["tables/table2.tsv", "tables/table2.receipt.json"]),
    ("draw_figure.py", "figure", "fig2", ["figures/fig2.svg", "figures/fig2.receipt.json"]),
    ("check_claims.py", "claims", "claims", ["claims.tsv", "claims.receipt.json"]),
    ("write_report.py", "report", "report", ["report.html", "report.receipt.json"]),
]  # fmt: skip
OF_LORS = [
    (
        "search_candidates.py",
        "search",
        "ca--asr--pruning",
        ["search/ca--asr--pruning.json", "search/ca--asr--pruning.receipt.json"],
    ),
    (
        "search_candidates.py",
        "search",
        "ca--asr--pruning-curve",
        ["search/ca--asr--pruning-curve.json", "search/ca--asr--pruning-curve.receipt.json"],
    ),
]


def run_stage(
    project: Project, script: str, stage: str, id: str, preparation: str = ""
) -> subprocess.CompletedProcess[str]:
    specification = project.result(spec_path(stage, id))
    command = [python(), str(project.path("workflow/scripts", script)), str(specification), "1"]
    return subprocess.run(command, cwd=project.folder, env=prepared(preparation), text=True, capture_output=True)


@pytest.mark.parametrize(("script", "stage", "id", "made"), STAGES, ids=[stage[1] for stage in STAGES])
def test_a_full_disk(project: Project, script: str, stage: str, id: str, made: list[str]) -> None:
    told_and_made_later(project, script, stage, id, made)


@pytest.mark.parametrize(("script", "stage", "id", "made"), OF_LORS, ids=[stage[2] for stage in OF_LORS])
def test_a_full_disk_in_the_second_experiment(
    lors_project: Project, script: str, stage: str, id: str, made: list[str]
) -> None:
    told_and_made_later(lors_project, script, stage, id, made)


def told_and_made_later(project: Project, script: str, stage: str, id: str, made: list[str]) -> None:
    whole = project.content()
    for name in made:
        project.result(name).unlink()
    own = [name.rpartition("/")[0] for name in made if name.endswith("/receipt.json")]
    folders = tuple(f"{name}/" for name in [*own, "checkpoints"])

    def others() -> dict[str, bytes]:
        return {name: data for name, data in project.content().items() if not name.startswith(folders)}

    before = others()
    done = run_stage(project, script, stage, id, LITTLE_ROOM)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr, done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith(f"Error in {stage} '{id}': "), done.stderr
    assert "cannot be written: files may not be that large here" in last or "no space left" in last
    assert last.endswith("run the same command again; finished work is kept.")
    assert all(not project.result(name).exists() for name in made)
    assert others() == before
    assert not [path for path in project.result().rglob(".*") if ".part" in path.name]
    assert run_stage(project, script, stage, id).returncode == 0
    assert project.content() == whole
