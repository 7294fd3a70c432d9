"""The stage text, run like a job."""

import csv

import pytest

import make_text
from tauspeech.experiments.rare_words.plan import plan
from tauspeech.plan.config import complete
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.job import Job
from tauspeech.runtime.receipts import Receipt

TABLE = "word_id\tzh\ten\tdomain\nberlin-wall\t柏林墙\tBerlin Wall\tlandmark\n"
COUNTS = {"train": 30, "validation": 4, "test": 6, "general": 10}


@pytest.fixture
def run_text(tmp_path, monkeypatch):
    """Plan an experiment, run one text job of it, and give its job."""
    monkeypatch.chdir(tmp_path)

    def run(set_id, table=TABLE, name="t", **sections):
        (tmp_path / "words.tsv").write_text(table, encoding="utf-8")
        config = {"name": name, "experiment": "rare_words", "words": "words.tsv", "base": "foundation/tiny"}
        planned = plan(
            complete(config | {"text": {"counts": COUNTS}} | sections, "c.yaml"), tmp_path / "results" / name
        )
        for path, text in planned.specs().items():
            file = tmp_path / "results" / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        job = Job(tmp_path / "results" / name / "plan" / "text" / f"{set_id}.json", 1)
        make_text.main(job)
        return job

    return run


def rows(job):
    with open(job.path(f"{job.id}.tsv"), encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle, delimiter="\t"))


def by_split(job):
    found = {}
    for row in rows(job):
        found.setdefault(row["split"], []).append(row)
    return found


def test_a_word_gets_its_sentences(run_text):
    job = run_text("berlin-wall")
    counts = {split: len(found) for split, found in by_split(job).items()}
    assert counts == {"train": 30, "validation": 4, "test": 6}
    assert all("柏林墙" in row["zh"] and "Berlin Wall" in row["en"] for row in rows(job))
    assert {row["word_id"] for row in rows(job)} == {"berlin-wall"}
    assert len({row["utterance"] for row in rows(job)}) == 40
    assert Receipt.read(job.receipt).files().keys() == {"berlin-wall.tsv", "berlin-wall.rejected.tsv"}


def test_carriers_and_controls_are_a_set_of_their_own(run_text):
    found = by_split(run_text("berlin-wall--carriers", rarity={"carriers": 5}))
    assert {split: len(rows) for split, rows in found.items()} == {"carrier": 5, "control": 5}
    assert all("柏林墙" in row["zh"] and "Berlin Wall" in row["en"] for row in found["carrier"])
    assert not any("柏林墙" in row["zh"] or "Berlin Wall" in row["en"] for row in found["control"])


def test_carriers_belong_to_their_word(run_text):
    assert {row["word_id"] for row in rows(run_text("berlin-wall--carriers"))} == {"berlin-wall"}


def test_general_sentences_belong_to_no_word(run_text):
    found = by_split(run_text("general"))
    assert found.keys() == {"test"}
    assert len(found["test"]) == 10
    assert {row["word_id"] for row in found["test"]} == {""}


def test_the_same_specification_makes_the_same_bytes(run_text):
    first, again = run_text("berlin-wall"), run_text("berlin-wall", name="again")
    other = run_text("berlin-wall", name="other", seed=2)
    texts = [job.path("berlin-wall.tsv").read_bytes() for job in (first, again, other)]
    assert texts[0] == texts[1] != texts[2]


def test_own_sentences_take_the_place_of_generated_ones(run_text, tmp_path):
    (tmp_path / "config" / "text").mkdir(parents=True)
    sentences = [
        f"{'abcdefghij'[i] * 4} {'qrstuvwxyz'[i] * 5} Berlin Wall\t{chr(0x4E00 + 50 * i) * 4}柏林墙" for i in range(10)
    ]
    own = "\n".join(["en\tzh", *sentences, "no word here\t没有", ""])
    (tmp_path / "config" / "text" / "berlin-wall.tsv").write_text(own, encoding="utf-8")
    counts = {"train": 6, "validation": 2, "test": 2}
    job = run_text("berlin-wall", text={"counts": counts})
    found = by_split(job)
    assert {split: len(found[split]) for split in counts} == counts
    carriers = run_text("berlin-wall--carriers", rarity={"carriers": 3})
    assert [row["split"] for row in rows(carriers)] == ["carrier"] * 3
    assert {row["en"] for row in rows(job) + rows(carriers)} <= {sentence.split("\t")[0] for sentence in sentences}


def test_rejected_sentences_are_counted(run_text, tmp_path):
    (tmp_path / "config" / "text").mkdir(parents=True)
    own = "split\tzh\ten\ntest\t这里是柏林墙\tThis is Berlin Wall\ntest\t没有\tno such word\ntest\t哪里有\tnone here\n"
    unusable = "validation\t没有\tno such word\ntrain\t哪里有\tnone here\n"
    (tmp_path / "config" / "text" / "berlin-wall.tsv").write_text(own + unusable, encoding="utf-8")
    with pytest.raises(UserError, match="leaves no validation sentences"):
        run_text("berlin-wall")
    (tmp_path / "config" / "text" / "general.tsv").write_text(own, encoding="utf-8")
    job = run_text("general")
    # Whoever asks for general sentences wants none with a reserved name.
    assert job.path("general.rejected.tsv").read_text() == ("reason\tcount\nholds a reserved word (zh)\t1\n")


def test_the_grammar_also_generates_one_language_alone(run_text):
    job = run_text(
        "berlin-wall",
        "word_id\ten\tdomain\nberlin-wall\tBerlin Wall\tlandmark\n",
        task="transcribe",
        languages={"source": "en", "target": "en"},
        control_task=None,
    )
    assert rows(job)[0].keys() == {"utterance", "split", "word_id", "en"}
    assert len(by_split(job)["train"]) == 30
