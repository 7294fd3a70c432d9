"""workflow/Snakefile, where Snakemake's catalog and `module` look: the same workflow as the Snakefile at the top."""

import shutil
import subprocess
from collections.abc import Callable

import pytest

from tests.processes import python
from tests.workflow.project import PATIENCE, Project

pytestmark = pytest.mark.workflow

USER = """
configfile: "config/tiny.yaml"

module tauspeech:
    snakefile: "{project}/workflow/Snakefile"
    config: config

use rule * from tauspeech as words_*

rule count:
    input: "results/tiny/text/general.tsv"
    output: "count.txt"
    shell: "wc -l < {{input}} > {{output}}"
"""


def test_it_plans_the_same_jobs(fresh: Callable[[], Project]) -> None:
    project = fresh()
    jobs = project.planned()
    assert jobs
    assert project.planned("--snakefile", "workflow/Snakefile") == jobs | {"everything"}


def test_it_is_a_module_of_another_workflow(fresh: Callable[[], Project]) -> None:
    """Its jobs run with the project's scripts, on the files of the folder of the other workflow."""
    project = fresh()
    folder = project.path("other")
    for part in ("config", "base"):
        shutil.copytree(project.path(part), folder / part)
    (folder / "Snakefile").write_text(USER.format(project=project.folder), encoding="utf-8")
    done = subprocess.run(
        [python(), "-m", "snakemake", "--cores", "1", "count"],
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stdout[-5000:]
    assert "rule words_make_text:" in done.stdout
    assert int((folder / "count.txt").read_text(encoding="utf-8")) > 1
