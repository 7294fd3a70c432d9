"""Recorded domains of one's own: the table, sentences and recordings with the same numbers, and what depends on what."""

import numpy as np
import pytest
import soundfile

import make_corpus
import make_text
from tauspeech.data import manifest
from tauspeech.data.tables import read_table
from tauspeech.experiments.syn2real.plan import plan as plan_of
from tauspeech.plan.config import complete
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.job import Job
from tauspeech.runtime.stages import spec_path

RATE = 16_000
DOMAINS = ("banking", "garden", "travel")


def tone(path, frequency, seconds=1.0, loudness=0.2):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, loudness * np.sin(2 * np.pi * frequency * np.arange(int(seconds * RATE)) / RATE), RATE)


@pytest.fixture
def table(tmp_path, monkeypatch):
    """A table of three recorded domains and of one with texts alone: two recordings of each sentence."""
    monkeypatch.chdir(tmp_path)
    rows = []
    for place, domain in enumerate(DOMAINS):
        for number in range(6):
            split = ("train", "train", "train", "validation", "test", "test")[number]
            for take in (1, 2):
                name = f"audio/{domain}-{number}-{take}.wav"
                tone(tmp_path / name, 200 + 100 * place + 10 * number + take)
                rows.append((name, f"{domain} sentence {number}", domain, split))
    rows += [("", f"music text {number}", "music", "train" if number else "validation") for number in range(4)]

    def write(extra=(), without=()):
        kept = [row for row in rows if row[0] not in without] + list(extra)
        lines = ["\t".join(row) for row in [("file", "text", "domain", "split"), *kept]]
        (tmp_path / "own.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")

    write()
    return write


@pytest.fixture
def plan(tmp_path, table):
    def make(**sections):
        config = {
            "name": "t",
            "experiment": "syn2real",
            "base": "foundation/english-test",
            "corpus": {"table": "own.tsv"},
        }
        config |= {"merging": {"grid": [0.5]}} | sections
        return plan_of(complete(config, "c.yaml"), tmp_path / "results" / "t")

    return make


def job_of(tmp_path, planned, stage, id):
    spec = tmp_path / "results" / "t" / spec_path(stage, id)
    spec.parent.mkdir(parents=True, exist_ok=True)
    spec.write_text(planned.jobs[stage, id].text, encoding="utf-8")
    return Job(spec, 1)


def test_sentences_and_recordings_have_the_same_numbers(tmp_path, plan):
    planned = plan()
    make_text.main(job_of(tmp_path, planned, "text", "garden"))
    make_corpus.main(job_of(tmp_path, planned, "corpus", "garden--recorded"))
    texts = {row["utterance"]: row["en"] for row in read_table(tmp_path / "results/t/text/garden.tsv")}
    recorded = {row["utterance"]: row for row in manifest.read(tmp_path / "results/t/corpora/garden--recorded.parquet")}
    assert set(texts.values()) == {f"garden sentence {number}" for number in range(6)}
    assert len(recorded) == 12
    for id, text in texts.items():
        assert recorded[id]["en"] == recorded[f"{id}--take2"]["en"] == text
        assert recorded[id]["audio"]["path"] == f"garden-{text[-1]}-1.wav"


def test_the_first_recordings_of_some_sentences_are_used_where_so_many_are_wanted(tmp_path, plan):
    planned = plan(text={"counts": {"train": 2, "validation": 1, "test": 1}}, corpus={"table": "own.tsv", "takes": 1})
    make_corpus.main(job_of(tmp_path, planned, "corpus", "garden--recorded"))
    rows = manifest.read(tmp_path / "results/t/corpora/garden--recorded.parquet")
    assert [row["split"] for row in rows] == ["train", "train", "validation", "test"]


def test_recordings_that_cannot_be_used_are_dropped_and_counted(tmp_path, table, plan):
    tone(tmp_path / "audio/silent.wav", 100, loudness=0)
    tone(tmp_path / "audio/long.wav", 100, seconds=31)
    extra = [
        ("audio/silent.wav", "garden sentence 0", "garden", "train"),
        ("audio/long.wav", "garden sentence 1", "garden", "train"),
        ("audio/garden-0-1.wav", "garden  sentence 4", "garden", "train"),  # which is in the test split, too
    ]
    table(extra)
    make_corpus.main(job_of(tmp_path, plan(), "corpus", "garden--recorded"))
    dropped = read_table(tmp_path / "results/t/corpora/garden--recorded.dropped.tsv")
    assert {(row["split"], row["reason"], row["first"]) for row in dropped} == {
        ("train", "silent", "silent.wav"),
        ("train", "too long", "long.wav"),
        ("train", "the same sentence is in another split", "garden-0-1.wav"),
    }


def test_a_target_with_texts_alone_gives_models_without_scores(plan):
    jobs = plan(domains={"targets": ["garden", "music"]}).jobs
    assert ("merge", "music--syn2real") in jobs and ("merge", "music--syn2real-ensemble") in jobs
    assert not any("music" in id for stage, id in jobs if stage in ("decode", "score"))
    assert jobs["table", "table1"].settings["columns"] == ["garden", "Average"]
    assert [speech.id for speech in jobs["finetune", "all-sources--recorded"].inputs["sets"]] == [
        f"{domain}--recorded" for domain in DOMAINS
    ]


def test_other_recordings_of_a_target_leave_its_scale_and_its_sentences_as_they_are(tmp_path, plan):
    before = plan(domains={"targets": ["garden"]}).specs()
    tone(tmp_path / "audio/garden-4-1.wav", 999, seconds=1.5)
    after = plan(domains={"targets": ["garden"]}).specs()
    changed = {path.removeprefix("plan/").removesuffix(".json") for path in before if before[path] != after[path]}
    assert "corpus/garden--recorded" in changed
    assert not {"text/garden", "speech/garden--synthetic", "search/garden--syn2real--scale"} & changed
    assert not any(job.startswith(("finetune/without-garden", "vector/")) and "then" not in job for job in changed)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (("none.wav", "a b", "garden", "train"), ("line 42", "none.wav does not exist")),
        (("", "a b", "garden", "dev"), ("line 42", "split 'dev' is unknown")),
        (("", " ", "garden", "train"), ("line 42", "'text' is empty")),
        (("", "a b", "", "train"), ("line 42", "'domain' is empty")),
        (("", "a b", "Garden", "train"), ("'Garden'", "validation")),
        (("", "a b", "shop", "train"), ("split validation", "'shop'")),
    ],
    ids=str,
)
def test_mistakes_in_the_table_are_refused_when_the_plan_is_made(table, plan, row, words):
    table([row])
    with pytest.raises(UserError) as refused:
        plan()
    assert all(word in str(refused.value) for word in words), str(refused.value)


def files(numbers, *domains):
    return {f"audio/{domain}-{n}-{take}.wav" for domain in domains for n in numbers for take in (1, 2)}


def test_a_missing_table_is_refused(plan):
    with pytest.raises(UserError, match=r"none\.tsv does not exist"):
        plan(corpus={"table": "none.tsv"})


def test_without_any_recordings_for_tests_there_are_merged_models_alone(table, plan):
    table(without=files((4, 5), *DOMAINS))
    for targets in (["music"], ["garden", "music"]):
        planned = plan(domains={"targets": targets})
        stages = {stage for stage, _ in planned.jobs}
        assert {id for stage, id in planned.jobs if stage == "merge"} == {
            f"{target}--{name}" for target in targets for name in ("syn2real", "syn2real-ensemble")
        }
        assert {id for stage, id in planned.jobs if stage == "table"} == {"domains"} == {planned.main_table}
        assert not {"decode", "score", "claims", "report", "figure"} & stages


def test_a_target_with_recordings_for_tests_alone_has_no_topline_and_no_pseudo_labels(table, plan):
    extra = [(f"audio/garden-{n}-1.wav", f"shop text {n}", "shop", "test") for n in range(3)]
    extra += [("", f"shop text {3 + n}", "shop", "train" if n else "validation") for n in range(4)]
    table(extra)
    jobs = plan(domains={"targets": ["garden", "shop"]}, tables=["pseudo2real"]).jobs
    table1, pseudo = (jobs["table", name].settings for name in ("table1", "pseudo2real"))
    columns = {row["names"]["system"]: list(row["cells"]) for row in table1["rows"]}
    assert columns.pop("Target recorded ASR (topline)") == ["garden"]
    assert set(map(tuple, columns.values())) == {("garden", "shop", "Average")}
    assert pseudo["columns"] == ["garden", "Average"]
    assert not [id for stage, id in jobs if stage == "finetune" and "shop" in id and not id.endswith("shop-synthetic")]
    with pytest.raises(UserError, match="'tables' has pseudo2real"):
        plan(domains={"targets": ["shop"]}, tables=["pseudo2real"])
    jobs = plan(domains={"targets": ["shop"]}).jobs
    assert "Target recorded ASR (topline)" not in [
        row["names"]["system"] for row in jobs["table", "table1"].settings["rows"]
    ]


def test_a_domain_without_recordings_for_validation_is_no_source(table, plan):
    table(without=files([3], "travel"), extra=[("", "travel sentence 9", "travel", "validation")])
    jobs = plan(domains={"targets": ["music"]}).jobs
    assert not [id for stage, id in jobs if stage == "finetune" and id.startswith("travel")]
    with pytest.raises(UserError, match="travel lacks recordings of the split train or validation"):
        plan(domains={"targets": ["music"], "sources": ["banking", "garden", "travel"]})


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["a", "b", "a-b"], "the domains a, a-b, b give two models the same name, without-a-b"),
        (["a", "b-c", "a-b", "c"], "give two models the same name, without-a-b-c"),
        (["without-music"], "'without-music' cannot be the name of files"),
        (["all-sources"], "'all-sources' cannot be the name of files"),
    ],
)
def test_names_of_domains_that_would_be_those_of_two_models_are_refused(table, plan, names, says):
    table(
        [("", f"text {number}", name, split) for name in names for number, split in enumerate(("train", "validation"))]
    )
    with pytest.raises(UserError, match=says):
        plan()
