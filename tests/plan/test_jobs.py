"""Keys of jobs: whatever changes anywhere changes all that is made from it, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tauspeech.plan.jobs import Plan, PlannedJob
from tauspeech.runtime.files import sha256_text


def build(parents, settings):
    """Jobs n0, n1, ...: the parents of each are numbers below its own."""
    jobs = []
    for number, (above, value) in enumerate(zip(parents, settings, strict=True)):
        inputs = {"many": [jobs[i] for i in sorted(above)]} if len(above) != 1 else {"one": jobs[next(iter(above))]}
        jobs.append(PlannedJob("text", f"n{number}", {"value": value}, inputs, seed=1))
    return jobs


@st.composite
def graphs(draw):
    size = draw(st.integers(1, 9))
    return [draw(st.sets(st.integers(0, number - 1), max_size=3)) if number else set() for number in range(size)]


@given(graphs(), st.data())
def test_a_changed_setting_changes_its_key_and_those_below_and_no_other(parents, data):
    settings = [0] * len(parents)
    touched = data.draw(st.integers(0, len(parents) - 1))
    below = {touched}
    for number, above in enumerate(parents):
        if above & below:
            below.add(number)
    before = build(parents, settings)
    after = build(parents, [1 if number == touched else 0 for number in range(len(parents))])
    assert {n for n, (a, b) in enumerate(zip(before, after, strict=True)) if a.key != b.key} == below


def test_everything_that_a_result_depends_on_is_in_the_key():
    parent, other = PlannedJob("text", "a", {}), PlannedJob("text", "b", {})
    variants = [
        PlannedJob("speech", "x", {"a": 1}, {"text": parent}, 1, 1),
        PlannedJob("text", "x", {"a": 1}, {"text": parent}, 1, 1),
        PlannedJob("speech", "y", {"a": 1}, {"text": parent}, 1, 1),
        PlannedJob("speech", "x", {"a": 2}, {"text": parent}, 1, 1),
        PlannedJob("speech", "x", {"a": 1}, {"text": other}, 1, 1),
        PlannedJob("speech", "x", {"a": 1}, {"words": parent}, 1, 1),
        PlannedJob("speech", "x", {"a": 1}, {"text": [parent]}, 1, 1),
        PlannedJob("speech", "x", {"a": 1}, {"text": [parent, other]}, 1, 1),
        PlannedJob("speech", "x", {"a": 1}, {"text": [other, parent]}, 1, 1),
        PlannedJob("speech", "x", {"a": 1}, {"text": parent}, 2, 1),
        PlannedJob("speech", "x", {"a": 1}, {"text": parent}, 1, 2),
    ]
    assert len({job.key for job in variants}) == len(variants)


def test_the_key_is_the_hash_of_the_file_and_blind_to_the_order_of_settings():
    job = PlannedJob("text", "a", {"x": 1, "y": {"p": 1, "q": 2}})
    assert job.key == sha256_text(job.text) == PlannedJob("text", "a", {"y": {"q": 2, "p": 1}, "x": 1}).key


def test_an_input_that_is_not_there_is_as_if_it_had_not_been_named():
    assert PlannedJob("text", "a", {}, {"text": None}).text == PlannedJob("text", "a", {}).text
    assert PlannedJob("text", "a", {}, {"text": None}).parents == []


def test_a_plan_holds_all_that_its_targets_need():
    jobs = build([set(), {0}, {1}, set()], [0] * 4)
    assert set(Plan([jobs[2]]).jobs) == {("text", "n0"), ("text", "n1"), ("text", "n2")}
    assert Plan([jobs[2]]).specs().keys() == {f"plan/text/n{number}.json" for number in range(3)}


def test_two_different_jobs_cannot_have_one_name():
    with pytest.raises(ValueError, match="two different jobs are called text/a"):
        Plan([PlannedJob("text", "a", {"x": 1}), PlannedJob("text", "a", {"x": 2})])
    with pytest.raises(ValueError, match="two different jobs are called text/a"):
        Plan(
            [
                PlannedJob("speech", "b", {}, {"text": PlannedJob("text", "a", {}, seed=1)}),
                PlannedJob("text", "a", {}, seed=2),
            ]
        )
    assert len(Plan([PlannedJob("text", "a", {"x": 1}), PlannedJob("text", "a", {"x": 1})]).jobs) == 1


def test_only_files_that_differ_are_stale(tmp_path):
    plan = Plan(build([set(), {0}], [0, 0]))
    assert len(plan.stale(tmp_path)) == 2
    for path, text in plan.specs().items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    assert plan.stale(tmp_path) == {}
    (tmp_path / "plan/text/n1.json").write_text("{}")
    assert list(plan.stale(tmp_path)) == [tmp_path / "plan/text/n1.json"]
