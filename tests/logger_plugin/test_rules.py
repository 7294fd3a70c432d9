"""Properties of the rules that progress and summary rely on."""

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


def test_rules_without_output_are_listed_as_targets():
    assert {rule for rule, body in RULES.items() if "    output:\n" not in body} == TARGETS


@pytest.mark.parametrize("rule", MEASURED)
def test_the_benchmark_of_a_rule_is_named_after_its_stage(rule):
    (stage,) = re.findall(r"/benchmarks/(\w+)/", MEASURED[rule])
    assert STAGES[stage].script == f"{rule}.py"


def test_expensive_rules_have_a_benchmark():
    assert {
        "make_speech",
        "synthesise",
        "prepare_base",
        "finetune",
        "check_rarity",
        "search_candidates",
        "merge_vectors",
    } <= set(MEASURED)
