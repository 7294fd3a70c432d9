"""Rules: each has a docstring, which Snakemake lists, and the configuration reaches them through the plan alone."""

import re

import pytest

from tests.architecture.source import PROJECT

RULES = [PROJECT / "Snakefile", PROJECT / "workflow" / "Snakefile", *sorted((PROJECT / "rules").glob("*.smk"))]
RULE = re.compile(r"^(?:rule|checkpoint) (\w+):\n(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
# The name, but no key of a rule (``config=``), no part of another name, and no text.
RAW_CONFIG = re.compile(r"(?<![\w.\"'/])config(?![\w/\"']|\s*=[^=])")


@pytest.mark.parametrize("file", RULES, ids=lambda path: path.name)
def test_every_rule_has_a_docstring_of_a_sentence(file):
    for name, body in RULE.findall(file.read_text(encoding="utf-8")):
        assert re.match(r'    """[A-Z][^"]{15,}\."""\n', body), f"rule {name} needs a docstring: one sentence"


def test_all_rules_are_found():
    texts = [file.read_text(encoding="utf-8") for file in RULES]
    found = sum(len(RULE.findall(text)) for text in texts)
    assert found == sum(len(re.findall(r"^\s*(?:rule|checkpoint)\b", text, re.MULTILINE)) for text in texts) > 20


def test_the_raw_configuration_is_read_once_to_open_the_plan():
    """An edit of the configuration during a cluster run must not reach jobs of that run."""
    uses = []
    for file in RULES:
        code = re.sub(r'""".*?"""|#[^\n]*', "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
        uses += [(file.name, line.strip()) for line in code.splitlines() if RAW_CONFIG.search(line)]
    assert uses == [("common.smk", "config,")]
    opening = (PROJECT / "rules" / "common.smk").read_text(encoding="utf-8")
    assert re.search(r"open_plan\(\s*config,", opening)
