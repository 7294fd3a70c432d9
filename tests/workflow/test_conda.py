"""The conda files that rules name, where conda exists: Snakemake makes every environment of the default run."""

import shutil

import pytest

from tests.workflow.project import new_project

CONDA = next(filter(None, map(shutil.which, ("conda", "mamba", "micromamba"))), None)


@pytest.mark.skipif(CONDA is None, reason="conda is not installed")
@pytest.mark.workflow
def test_conda_makes_the_environments_of_all_rules(tmp_path):
    project = new_project(tmp_path / "project")
    done = project.snakemake("--cores", "1", "--software-deployment-method", "conda", "--conda-create-envs-only")
    assert done.returncode == 0, done.stdout
    assert list(project.path(".snakemake", "conda").glob("*.yaml"))
