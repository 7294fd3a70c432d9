"""What progress and summary take for granted about the rules."""

import re
from pathlib import Path

import pytest

from snakemake_logger_plugin_tauspeech.board import TARGETS
from tauspeech.runtime.stages import STAGES

ROOT = Path(__file__).resolve().parents[2]
FILES = [ROOT / "Snakefile", *sorted((ROOT / "rules").glob("*.smk"))]
RULES = dict(
    match.groups()
    for file in FILES
    for match in re.finditer(r"^rule (\w+):\n((?:[ \n].*\n?)*)", file.read_text(encoding="utf-8"), re.MULTILINE)
)
MEASURED = {rule: body for rule, body in RULES.items() if "    benchmark:\n" in body}


def test_rules_that_make_nothing_are_known():
    assert {rule for rule, body in RULES.items() if "    output:\n" not in body} == TARGETS


@pytest.mark.parametrize("rule", MEASURED)
def test_what_a_rule_measures_is_found_under_its_stage(rule):
    (stage,) = re.findall(r"/benchmarks/(\w+)/", MEASURED[rule])
    assert STAGES[stage].script == f"{rule}.py"


def test_what_trains_listens_or_merges_is_measured():
    assert {"make_speech", "speak", "prepare_base", "finetune", "check_rarity", "merge_vectors"} <= set(MEASURED)
