"""The tiny experiment through profiles/slurm, on a Slurm of one node that these tests start and stop."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.slurm import node
from tests.workflow.project import Project, new_project

pytestmark = [pytest.mark.slurm, pytest.mark.timeout(3000)]

# A site's numbers are for its file system and its accounting; here is neither.
HERE = ["--slurm-status-command", "squeue", "--slurm-init-seconds-before-status-checks", "5", "--latency-wait", "5"]
TRAINING = "results/tiny/models/berlin-wall/receipt.json"


@pytest.fixture(scope="session", autouse=True)
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with node.running(tmp_path_factory.mktemp("slurm")):
        yield


def command(project: Project, *arguments: str) -> list[str]:
    slurm = [sys.executable, "-m", "snakemake", "--workflow-profile", "profiles/slurm", *HERE]
    return [*slurm, "--configfile", project.config, *arguments]


def submit(project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(project, *arguments),
        cwd=project.folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=2400,
    )


def on_gpus(folder: Path) -> Project:
    project = new_project(folder)
    project.edit("config/tiny.yaml", "training: {", "training: {gpus: 1, ")
    project.edit("config/tiny.yaml", "decoding: {", "decoding: {gpus: 1, ")
    return project


def of(jobs: list[dict[str, str]], rule: str) -> list[dict[str, str]]:
    return [job for job in jobs if re.search(rf"\b(rule|group)_{rule}", job.get("Comment", ""))]


@pytest.fixture(scope="session")
def through_slurm(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, str, list[dict[str, str]]]:
    project = on_gpus(tmp_path_factory.mktemp("through-slurm") / "project")
    before = {job["JobId"] for job in node.jobs()}
    done = submit(project)
    assert done.returncode == 0, done.stdout[-6000:]
    return project, done.stdout, [job for job in node.jobs() if job["JobId"] not in before]


def test_all_jobs_go_through_slurm(through_slurm) -> None:
    project, told, jobs = through_slurm
    assert all(job["JobState"] == "COMPLETED" for job in jobs)
    submitted = set(re.findall(r"submitted with SLURM jobid (\d+)", told))
    assert submitted == {job["JobId"] for job in jobs}
    logs = list(project.result("logs").rglob("*.log"))
    assert len(logs) > len(jobs)  # every rule left its log, and several share a submission
    assert not re.findall(r"^localrule (?!all)", told, re.MULTILINE)


def test_short_jobs_share_submissions(through_slurm) -> None:
    _, _, jobs = through_slurm
    assert len(of(jobs, "sets")) == len(of(jobs, "rarity")) == len(of(jobs, "vectors")) == 1
    assert len(of(jobs, "finetune")) == 3


def test_jobs_that_need_a_gpu_ask_for_one_and_no_others_do(through_slurm) -> None:
    _, _, jobs = through_slurm
    for rule in ("finetune", "rarity", "models", "prepare_base"):
        assert {job.get("TresPerJob") for job in of(jobs, rule)} == {"gres:gpu:1"}, rule
    for rule in ("sets", "vectors", "scores", "make_table", "write_report"):
        assert {job.get("TresPerJob") for job in of(jobs, rule)} == {None}, rule


def test_jobs_ask_for_what_the_profile_says(through_slurm) -> None:
    _, _, jobs = through_slurm
    (training, *_) = of(jobs, "finetune")
    assert training["TimeLimit"] == "04:00:00"
    assert "mem=24000M" in training["TRES"]
    assert training["JobName"].startswith("tauspeech")
    assert "finetune" in training["Comment"]


def test_results_have_the_bytes_of_a_run_without_slurm(through_slurm, finished: Project) -> None:
    ours, theirs = through_slurm[0].content(), finished.content()
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if ours[name] != theirs[name]] == []


def test_nothing_is_submitted_again(through_slurm) -> None:
    assert "Nothing to be done" in submit(through_slurm[0]).stdout


# What happens to jobs. Only one training is asked for, on what the finished run has made before it.


@pytest.fixture
def slow(through_slurm, tmp_path: Path) -> Project:
    """One training is to be done, and it takes two minutes or more."""
    project = through_slurm[0].copied_to(tmp_path / "project")
    training = "{training: {epochs: 4000, evaluations: 80, patience: 1000}}"
    project.edit("config/tiny.yaml", "decoding:", f"overrides: {{berlin-wall: {training}}}\ndecoding:")
    return project


def wait_for(condition: Callable[[], object], seconds: int = 180) -> None:
    for _ in range(seconds * 2):
        if condition():
            return
        time.sleep(0.5)
    raise AssertionError("it did not happen")


def checkpoints(project: Project) -> list[Path]:
    return list(project.result("checkpoints", "berlin-wall").glob("*/checkpoint-*"))


def running() -> list[str]:
    return [job["JobId"] for job in node.jobs() if job["JobState"] == "RUNNING"]


def test_a_cancelled_job_is_told_with_its_log_and_not_tried_again_without_retries(slow: Project) -> None:
    process = subprocess.Popen(
        command(slow, "--retries", "0", "--", TRAINING),
        cwd=slow.folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        wait_for(lambda: checkpoints(slow))
        subprocess.run(["scancel", *running()], check=True)
        told = process.communicate(timeout=300)[0]
    finally:
        process.kill()
    assert process.returncode != 0
    assert "finetune berlin-wall failed. " in told
    assert "status is: 'CANCELLED" in told
    assert "logs/finetune/berlin-wall.log" in told
    assert not slow.path(TRAINING).exists()
    assert checkpoints(slow)  # what a resumed run goes on from


def test_a_job_that_ran_out_of_time_gets_more_and_goes_on_from_its_checkpoint(slow: Project) -> None:
    before = {job["JobId"] for job in node.jobs()}
    done = submit(slow, "--set-resources", "finetune:runtime=1+60*(attempt-1)", "--", TRAINING)
    assert done.returncode == 0, done.stdout[-5000:]
    tries = [job for job in of(node.jobs(), "finetune") if job["JobId"] not in before]
    assert [(job["JobState"], job["TimeLimit"]) for job in tries] == [
        ("TIMEOUT", "00:01:00"),
        ("COMPLETED", "01:01:00"),
    ]
    assert "status is: 'TIMEOUT'" in done.stdout
    log = slow.result("logs/finetune/berlin-wall.log").read_text(encoding="utf-8")
    assert "checkpoint-" in log


def test_a_run_whose_main_process_was_killed_is_resumed(slow: Project) -> None:
    process = subprocess.Popen(
        command(slow, "--", TRAINING), cwd=slow.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(lambda: checkpoints(slow))
    finally:
        process.kill()
    process.wait()
    subprocess.run(["scancel", *running()], check=True)
    wait_for(lambda: not running())
    slow.snakemake("--unlock")
    done = submit(slow, "--", TRAINING)
    assert done.returncode == 0, done.stdout[-5000:]
    receipt = json.loads(slow.path(TRAINING).read_text(encoding="utf-8"))
    assert receipt["spec"]["settings"]["epochs"] == 4000
