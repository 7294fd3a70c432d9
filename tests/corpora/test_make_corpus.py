"""The stage corpus, run like a job."""

import csv
import unicodedata

import pandas
import pytest

import make_corpus
from tauspeech.data import manifest
from tauspeech.experiments.lors.plan import plan as lors_plan
from tauspeech.plan.config import complete
from tauspeech.plan.jobs import PlannedJob
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.job import Job
from tauspeech.runtime.receipts import Receipt
from tests.corpora import conftest
from tests.corpora.conftest import CA, SV, Spoken, path_of, translated, validated, write_plain, write_sound

HOURS = {"train": 9, "validation": 9, "test": 9}
SPLITS = {"train": "train", "train_covost": "train", "dev": "validation", "test": "test"}
ID = [
    Spoken(1, "train", "Selamat pagi.", "Good morning."),
    Spoken(2, "train", "Hujan turun.", "It rains.", 1.5),
    Spoken(3, "dev", "Sampai jumpa besok.", "See you tomorrow."),
    Spoken(4, "test", "Jam tiga.", "It is three."),
    Spoken(20, "train", "Tidak ada.", "It is not there.", sound="none", reason="missing clip"),
]


@pytest.fixture
def prepare(tmp_path, monkeypatch):
    """Plan an experiment on a corpus, with the specifications of all its jobs."""
    monkeypatch.chdir(tmp_path)
    results = tmp_path / "results" / "t"

    def plan(source, languages=("ca", "sv"), hours=HOURS):
        config = {"name": "t", "experiment": "lors", "base": "a/b", "corpus": source, "scoring": {"sclite": False}}
        config["groups"] = {"high": {"languages": list(languages), "hours": hours}}
        planned = lors_plan(complete(config, "c.yaml"), results)
        for path, text in planned.specs().items():
            (results / path).parent.mkdir(parents=True, exist_ok=True)
            (results / path).write_text(text, encoding="utf-8")
        return planned

    return plan


@pytest.fixture
def run_corpus(prepare, tmp_path):
    """Run one job of such a plan, and give its job."""

    def run(set_id, source, **more):
        prepare({"max_seconds": 3} | source, **more)
        job = job_of(tmp_path, "corpus", set_id)
        make_corpus.main(job)
        return job

    return run


@pytest.fixture
def on_disk(common_voice, translations):
    return {"common_voice": str(common_voice), "translations": str(translations)}


@pytest.fixture
def indonesian(tmp_path, monkeypatch):
    """A language whose code might be taken for a name of something else."""
    monkeypatch.setitem(conftest.CORPUS, "id", ID)
    (tmp_path / "cv" / "id" / "clips").mkdir(parents=True)
    for clip in ID:
        write_sound(tmp_path / "cv" / "id" / "clips" / path_of("id", clip), clip)
    write_plain(validated("id"), tmp_path / "cv" / "id" / "validated.tsv")
    write_plain(translated("id"), tmp_path / "covost_v2.id_en.tsv")
    return {"common_voice": str(tmp_path / "cv"), "translations": str(tmp_path)}


def job_of(folder, stage, id):
    return Job(folder / "results" / "t" / "plan" / stage / f"{id}.json", 1)


def expected(clips, language):
    """Of the good clips: name, sentence and translation."""
    code = "sv-SE" if language == "sv" else language
    return {
        f"{language}-{SPLITS[clip.split]}-{path_of(code, clip).removesuffix('.mp3')}": tuple(
            unicodedata.normalize("NFC", text).strip() for text in (clip.sentence, clip.translation)
        )
        for clip in clips
        if not clip.reason
    }


def report(job):
    with open(job.path(f"{job.id}.dropped.tsv"), encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle, delimiter="\t"))


@pytest.mark.parametrize(("language", "clips"), [("ca", CA), ("sv", SV)])
def test_a_set_holds_the_good_clips_and_a_report_names_the_others(run_corpus, on_disk, language, clips):
    job = run_corpus(language, on_disk)
    rows = manifest.read(job.path(f"{language}.parquet"))
    assert {row["utterance"]: (row[language], row["en"]) for row in rows} == expected(clips, language)
    dropped = {}
    for clip in clips:
        if clip.reason:
            dropped.setdefault((SPLITS[clip.split], clip.reason), set()).add(path_of(language, clip))
    found = {(row["split"], row["reason"]): row for row in report(job)}
    assert found.keys() == dropped.keys()
    for place, names in dropped.items():
        assert int(found[place]["count"]) == len(names)
        assert set(found[place]["first"].split(", ")) == names


def test_both_files_are_in_the_receipt_and_beside_it(run_corpus, on_disk, tmp_path):
    job = run_corpus("ca", on_disk)
    assert job.receipt == tmp_path / "results/t/corpora/ca.receipt.json"
    assert Receipt.read(job.receipt).files() == {
        name: tmp_path / "results/t/corpora" / name for name in ("ca.parquet", "ca.dropped.tsv")
    }
    assert list(pandas.read_parquet(job.path("ca.parquet")).columns) == [
        *("utterance", "split", "word_id", "ca", "en", "audio", "seconds", "voice", "engine", "seed")
    ]


def test_later_jobs_open_the_speech_and_not_the_report(prepare, on_disk, tmp_path):
    planned = prepare({"max_seconds": 3} | on_disk)
    make_corpus.main(job_of(tmp_path, "corpus", "ca"))
    speech = tmp_path / "results/t/corpora/ca.parquet"
    assert job_of(tmp_path, "finetune", "ca--asr").inputs("sets") == {"ca": speech}
    assert job_of(tmp_path, "decode", "raw/ca").inputs("sets") == {"ca": speech}
    reader = PlannedJob("speech", "reader", {}, {"of": planned.jobs["corpus", "ca"]})
    spec = tmp_path / "results/t/plan/speech/reader.json"
    spec.parent.mkdir()
    spec.write_text(reader.text, encoding="utf-8")
    assert job_of(tmp_path, "speech", "reader").input("of") == speech
    assert job_of(tmp_path, "speech", "reader").input("of", "ca.dropped.tsv").read_text().startswith("split\treason")


def test_an_indonesian_set_keeps_its_names_beside_its_texts(run_corpus, indonesian):
    """The column of its texts is called "id"."""
    job = run_corpus("id", indonesian, languages=("id", "sv"))
    rows = manifest.read(job.path("id.parquet"))
    assert {row["utterance"]: (row["id"], row["en"]) for row in rows} == expected(ID, "id")
    frame = pandas.read_parquet(job.path("id.parquet"))
    assert list(frame.columns)[:5] == ["utterance", "split", "word_id", "id", "en"]
    assert len(set(frame["utterance"])) == len(frame) == 4
    assert [(row["split"], row["reason"], row["count"]) for row in report(job)] == [("train", "missing clip", "1")]


def test_the_same_settings_make_the_same_bytes_and_fewer_hours_their_beginning(run_corpus, on_disk):
    path = run_corpus("ca", on_disk).path("ca.parquet")
    whole, rows = path.read_bytes(), manifest.read(path, "train")
    assert run_corpus("ca", on_disk).path("ca.parquet").read_bytes() == whole
    room = sum(row["seconds"] for row in rows[:3]) + 0.01
    part = manifest.read(run_corpus("ca", on_disk, hours=HOURS | {"train": room / 3600}).path("ca.parquet"))
    assert [row for row in part if row["split"] == "train"] == rows[:3]
    assert sum(row["split"] == "test" for row in part) == 2


def test_a_mirror_makes_the_same_set(run_corpus, on_disk, mirror):
    from_disk = run_corpus("ca", on_disk).path("ca.parquet").read_bytes()
    assert run_corpus("ca", {"mirror": str(mirror)}).path("ca.parquet").read_bytes() == from_disk


def test_a_set_that_cannot_be_made_leaves_no_receipt_and_no_file(run_corpus, on_disk, tmp_path):
    with pytest.raises(UserError, match="leaves no test speech of 'ca'"):
        run_corpus("ca", on_disk, hours=HOURS | {"test": 0.0001})
    assert not list((tmp_path / "results" / "t" / "corpora").glob("*"))
