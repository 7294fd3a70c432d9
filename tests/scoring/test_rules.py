"""Rules of scoring: from the configuration to the jobs, and the same for choices and for tables."""

import json
from types import SimpleNamespace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import score as script
from tauspeech.models.validation import validation_score
from tauspeech.plan.config import complete
from tauspeech.runtime.errors import UserError
from tauspeech.scoring.metrics import bleu, chrf, headline
from tauspeech.scoring.rules import DEFAULT_RULES, ScoringRules
from tauspeech.scoring.score_cells import ScoredCell, tally_cells

CONFIG = {"name": "t", "experiment": "rare_words", "base": "foundation/tiny", "words": "words.tsv"}
RULES = [
    ScoringRules(normaliser, case, script, numbers)
    for normaliser in ("project", "whisper", "whisper_basic")
    for case in ("lower", "cased")
    for script, numbers in (("as_is", "as_is"), ("simplified", "spelled"))
]
TEXTS = st.lists(
    st.sampled_from(["The", "the", "won't", "25", "twenty five", "頭髮", "头发", "三", "3", ",", "."]), max_size=7
)


@pytest.mark.parametrize("rules", RULES)
def test_rules_reach_a_job_through_its_settings(rules):
    assert ScoringRules.of_job({"other": 1} | rules.settings) == rules


def test_what_is_default_is_no_setting():
    assert DEFAULT_RULES.settings == {}
    assert ScoringRules(bleu_case="cased").settings == {"scoring": {"bleu_case": "cased"}}
    assert ScoringRules.of_config(complete(CONFIG, "c.yaml")) == ScoringRules.of_config({}) == DEFAULT_RULES
    lors = {"name": "t", "experiment": "lors", "base": "a/b", "groups": {"high": {"languages": ["ca", "de"]}}}
    assert ScoringRules.of_config(complete(lors, "c.yaml")) == ScoringRules(bleu_case="cased")


def test_every_key_of_a_configuration_counts():
    scoring = {"normaliser": "whisper", "bleu_case": "cased", "chinese": {"script": "simplified", "numbers": "spelled"}}
    expected = ScoringRules("whisper", "cased", "simplified", "spelled")
    assert ScoringRules.of_config(complete(CONFIG | {"scoring": scoring}, "c.yaml")) == expected


@pytest.mark.parametrize(
    ("scoring", "message"),
    [
        ({"normaliser": "wisper"}, r"c\.yaml: .*scoring\.normaliser.*project.*whisper"),
        ({"bleu_case": "upper"}, r"c\.yaml: .*scoring\.bleu_case.*lower.*cased"),
        ({"chinese": {"script": "traditional"}}, r"c\.yaml: .*scoring\.chinese\.script.*simplified"),
        ({"chinese": "simplified"}, r"c\.yaml: .*scoring\.chinese"),
    ],
)
def test_a_mistake_is_refused_in_one_sentence(scoring, message):
    with pytest.raises(UserError, match=message) as error:
        complete(CONFIG | {"scoring": scoring}, "c.yaml")
    assert "\n" not in str(error.value)


def test_case_counts_where_bleu_is_cased():
    pair = ["The Berlin Wall fell in Berlin."], ["the Berlin wall fell in Berlin."]
    assert bleu(*pair, "en").value() == pytest.approx(100)
    # "the" and "wall" are wrong: 5 of 7 words are right, 3 of 6 pairs, 2 of 5 triples, 1 of 4 quadruples.
    cased = bleu(*pair, "en", ScoringRules(bleu_case="cased"))
    assert cased.value() == pytest.approx(100 * (5 / 7 * 3 / 6 * 2 / 5 * 1 / 4) ** 0.25)
    assert "case:mixed" in cased.signature
    assert chrf(*pair, "en").value() == pytest.approx(100)
    assert chrf(*pair, "en", ScoringRules(bleu_case="cased")).value() < 99


@given(
    st.sampled_from(RULES),
    st.sampled_from([("translate", "en"), ("translate", "zh"), ("transcribe", "en"), ("transcribe", "zh")]),
    st.lists(st.tuples(TEXTS.map(" ".join), TEXTS.map(" ".join)), min_size=1, max_size=4),
)
def test_choices_are_made_by_the_metric_of_the_tables(rules, task, pairs):
    references, hypotheses = (["the wall", *texts] for texts in zip(*pairs, strict=True))
    kind, language = task
    score = headline(kind, language, references, hypotheses, rules).value()
    expected = score if kind == "translate" else 100 - score
    assert validation_score(kind, language, references, hypotheses, rules) == pytest.approx(expected)


@pytest.fixture
def hypotheses(tmp_path):
    """A translation that differs in case, as decoding writes it."""
    path = tmp_path / "ta" / "s.translate.jsonl"
    path.parent.mkdir()
    line = {"id": "u", "set": "s", "task": "translate", "language": "en", "word_id": ""}
    texts = {"reference": "The Wall fell in Berlin.", "hypothesis": "the wall fell in Berlin."}
    path.write_text(json.dumps(line | texts) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("rules", "signature"), [(DEFAULT_RULES, "case:lc"), (ScoringRules(bleu_case="cased"), "case:mixed")]
)
def test_scores_and_claims_follow_the_rules(hypotheses, tmp_path, rules, signature):
    job = SimpleNamespace(
        settings={"words": {}} | rules.settings,
        spec={"modules": []},
        seed=1,
        name="ta",
        files=lambda role: [hypotheses] if role == "hypotheses" else [],
        path=lambda name: tmp_path / name,
        finish=lambda *_: None,
    )
    script.main(job)
    scores = pd.read_csv(tmp_path / "ta.tsv", sep="\t").set_index("metric")
    assert signature in scores["signature"]["bleu"]
    cell = ScoredCell("ta", "s", "translate", "en")
    claimed = tally_cells([cell], [hypotheses], rules=ScoringRules.of_job(job.settings))[cell]
    assert scores["value"]["bleu"] == pytest.approx(claimed.value(), abs=1e-4)
    assert (claimed.value() > 99) == (rules == DEFAULT_RULES)
