"""The profiles name rules that exist, and give each long rule the memory and time that it needs."""

import re

import pytest
import yaml

from tauspeech.runtime.paths import ROOT
from tests.workflow.project import new_project

RULES = {
    name: body
    for file in (ROOT / "rules").glob("*.smk")
    for name, body in re.findall(r"^rule (\w+):\n((?:    .*\n|\n)*)", file.read_text(encoding="utf-8"), re.MULTILINE)
}


@pytest.fixture(scope="module")
def slurm():
    return yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text(encoding="utf-8"))


def test_the_rules_are_found_at_all():
    assert {"make_text", "finetune", "decode", "write_report"} < set(RULES)


def test_it_names_no_rule_that_is_not_there(slurm):
    assert set(slurm["set-resources"]) | set(slurm["groups"]) <= set(RULES)
    assert set(slurm["groups"].values()) == set(slurm["group-components"])


def test_every_rule_that_may_take_a_gpu_has_its_memory_and_time(slurm):
    on_gpus = {name for name, body in RULES.items() if "gpu=" in body}
    assert {"finetune", "decode", "check_rarity", "make_text", "propose_words", "synthesise"} <= on_gpus
    assert on_gpus <= set(slurm["set-resources"])


def test_a_training_shares_its_submission_with_nothing(slurm):
    assert not {"finetune", "prepare_base", "train_voice"} & set(slurm["groups"])


def test_retries_ask_for_more(slurm):
    numbers = [value for about in slurm["set-resources"].values() for value in about.values()]
    numbers += [slurm["default-resources"][key] for key in ("mem_mb", "runtime")]
    assert all(str(value).endswith("* attempt") for value in numbers)
    assert slurm["retries"] >= 1


def test_every_rule_with_gpus_runs_its_script_on_gpus_of_its_own():
    for name, body in RULES.items():
        if "gpu=" in body:
            assert "on_gpu=True" in body or "on_gpus.py" in body, name
    common = (ROOT / "rules/common.smk").read_text(encoding="utf-8")
    assert 'python "$SCRIPTS/on_gpus.py" {resources.gpu} ' in common


def test_a_job_on_a_node_of_a_cluster_need_not_know_how_many_gpus_there_are(tmp_path):
    """As an executor starts it there; a resource that each node counts for itself has no limit then."""
    project = new_project(tmp_path / "project")
    project.planned()
    node = ["--mode", "remote", "--no-hooks", "--set-resource-scopes", "gpu=local", "--cores", "1"]
    done = project.snakemake(*node, "--target-jobs", "make_text:id=general", "--allowed-rules", "make_text")
    assert done.returncode == 0, done.stdout[-2000:]
    assert project.result("text", "general.tsv").is_file()


@pytest.mark.parametrize("profile", ["default", "slurm"])
def test_a_job_gets_all_its_gpus_or_the_run_says_why_not(tmp_path, profile):
    """Snakemake lowers what a job asks for to what the profile allows; two processes would then share one GPU."""
    project = new_project(tmp_path / "project")
    project.edit("config/tiny.yaml", "training: {", "training: {gpus: 2, ")
    run = ["--workflow-profile", f"profiles/{profile}", "--cores", "1", "--dry-run"]
    refused = project.snakemake(*run)
    assert refused.returncode != 0
    limits = {"default": "llm=1 gpu=2", "slurm": "llm=1 lane=4 gpu=2"}[profile]
    told = "Error: key 'training.gpus' is 2 and this run may use 1: give the number of GPUs, as in `--resources {}`"
    assert told.format(limits) in refused.stdout
    assert "Traceback" not in refused.stdout
    allowed = project.snakemake(*run, "--resources", *limits.split())
    assert allowed.returncode == 0, allowed.stdout[-2000:]
    assert re.search(r"rule finetune:(?:\n .*)*gpu=2", allowed.stdout)


def test_synthesis_by_a_server_takes_no_gpu(tmp_path):
    project = new_project(tmp_path / "project")
    voices = "{zh: [http/studio/a, command/own, coqui/mini]}"
    models = "{http: {studio: {url: 'http://localhost:1/v1', model: x}}, command: {own: {program: [say, '{text_file}', '{wav}']}}}"
    project.edit(
        "config/tiny.yaml", "decoding: {", f"speech: {{voices: {voices}, models: {models}}}\ndecoding: {{gpus: 1, "
    )
    told = project.snakemake("--cores", "1", "--dry-run")
    assert told.returncode == 0, told.stdout[-2000:]
    blocks = [block for block in re.split(r"\n\[", told.stdout) if "rule synthesise:" in block]
    assert len(blocks) >= 9
    for block in blocks:
        assert ("gpu=1" in block) == ("--http-studio" not in block), block
