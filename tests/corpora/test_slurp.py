"""SLURP as it is published and as Parquet files: sentences, recordings, what is dropped, and what is refused."""

import json
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import make_corpus
import make_text
from tauspeech.data import manifest
from tauspeech.data.domains.texts import slurp_text
from tauspeech.data.tables import read_table
from tauspeech.plan.config import complete
from tauspeech.plan.domain_corpus import domains_of, recordings_source, texts_source
from tauspeech.plan.jobs import PlannedJob
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.job import Job
from tests.corpora.slurp_layout import tone, write_mirror, write_slurp

COUNTS = {"train": 9, "validation": 9, "test": 9}
EMAIL = {
    "train": {"email john at examplecom please": 6, "tweet hashtag late to the office": 2},
    "validation": {"any new mail": 2},
    "test": {"read my mail": 2, "answer o'neil": 1},
}


@pytest.fixture(scope="session")
def published(tmp_path_factory):
    """Only to be read."""
    return write_slurp(tmp_path_factory.mktemp("slurp"))


@pytest.fixture(scope="session")
def mirrored(published, tmp_path_factory):
    """Only to be read."""
    return write_mirror(published, tmp_path_factory.mktemp("mirror"))


@pytest.fixture
def own(published, tmp_path):
    return shutil.copytree(published, tmp_path / "own")


@pytest.fixture
def made(tmp_path):
    """Files that a stage makes of the domain email: its texts, or its recordings."""

    def make(script, stage, source, **settings):
        about = {"languages": ["en"], "counts": COUNTS, "source": source} | settings
        if stage == "text":
            about |= {"limits": {}, "word": None, "word_id": ""}
        module = "tauspeech.text.sources.corpus" if stage == "text" else "tauspeech.corpora.recorded_domain"
        spec = tmp_path / "results" / "plan" / stage / "email.json"
        spec.parent.mkdir(parents=True, exist_ok=True)
        spec.write_text(PlannedJob(stage, "email", about, seed=1, modules=(module,)).text, encoding="utf-8")
        script.main(Job(spec, 1))
        return tmp_path / "results" / ("text" if stage == "text" else "corpora")

    return make


@pytest.fixture
def recorded(made):
    def make(corpus, takes=None, longest=30, counts=COUNTS):
        source = recordings_source(corpus, "email")
        folder = made(make_corpus, "corpus", source, takes=takes, longest=longest, counts=counts)
        return {row["utterance"]: row for row in manifest.read(folder / "email.parquet")}, folder

    return make


@pytest.fixture(params=["slurp", "mirror"])
def corpus(request, published, mirrored):
    return {request.param: str(published if request.param == "slurp" else mirrored)}


def test_a_domain_is_a_scenario_with_distinct_sentences(corpus):
    found = domains_of(corpus)
    assert set(found) == {"email", "music"}
    assert found["email"].sentences == {split: len(texts) for split, texts in EMAIL.items()}
    missing = 0 if "mirror" in corpus else 1  # whether a row of a mirror has audio is seen when it is read
    assert found["email"].recordings == {"train": 8 - missing, "validation": 2, "test": 3}


@pytest.mark.parametrize("mic", ["headset", "distant"])
def test_recordings_of_one_microphone(corpus, recorded, mic):
    rows, _ = recorded(corpus | {"mic": mic})
    assert rows
    assert all(("-headset" in row["audio"]["path"]) == (mic == "headset") for row in rows.values())


def test_sentences_have_the_numbers_of_their_recordings(corpus, made, recorded):
    folder = made(make_text, "text", texts_source(corpus, "email"))
    rows, _ = recorded(corpus)
    texts = {row["utterance"]: row["en"] for row in read_table(folder / "email.tsv")}
    by_split = {split: {text for id, text in texts.items() if f"-{split}-" in id} for split in EMAIL}
    assert by_split == {split: set(counts) for split, counts in EMAIL.items()}
    assert all(row["en"] == texts[id.partition("--")[0]] for id, row in rows.items())
    assert all(id in rows for id in texts)  # a sentence's first usable recording has its name
    assert len(rows) == 8 - 2 + 2 + 3


def test_fewer_recordings_and_sentences(corpus, recorded):
    every, _ = recorded(corpus)
    rows, _ = recorded(corpus, takes=1, counts={"train": 1, "validation": 1, "test": 1})
    assert set(rows) == {f"email-{split}-00000" for split in COUNTS}
    assert all(row["audio"] == every[id]["audio"] for id, row in rows.items())


def test_what_is_dropped_is_counted_and_named(published, recorded):
    _, folder = recorded({"slurp": str(published)})
    dropped = {(row["split"], row["reason"], row["first"]) for row in read_table(folder / "email.dropped.tsv")}
    assert dropped == {
        ("train", "missing clip", "audio-1500000004.flac"),
        ("train", "silent", "audio-1500000003-headset.flac"),
        ("train", "empty sentence", "train 5"),
        (
            "train",
            "the same sentence is in another split",
            "audio-1500000005-headset.flac, audio-1500000005.flac",
        ),
    }


def test_speakers_of_two_splits_are_counted(published, recorded):
    _, folder = recorded({"slurp": str(published)})
    assert json.loads((folder / "email.speakers.json").read_text()) == {
        "speakers": {"train": 3, "validation": 1, "test": 2},
        "shared": {"train and validation": 1, "train and test": 2, "validation and test": 1},
        "recordings without a speaker": 1,
    }


def test_too_long_recordings_of_a_split_alone_are_refused(published, recorded):
    with pytest.raises(UserError, match=r"leaves no train recording of email .*too long"):
        recorded({"slurp": str(published)}, longest=0.55)


def test_sentences_depend_on_texts_alone(own):
    corpus = {"slurp": str(own)}
    texts, recordings = texts_source(corpus, "email"), recordings_source(corpus, "email")
    music = recordings_source(corpus, "music")
    tone(own / "audio/slurp_real/audio-1500000008.flac", 50, seconds=2)
    assert texts_source(corpus, "email") == texts_source(corpus | {"mic": "headset"}, "email") == texts
    assert recordings_source(corpus, "email") != recordings
    assert recordings_source(corpus, "music") == music


@pytest.mark.parametrize(
    ("sentence", "spoken"),
    [("Mail A@B.com, now", "mail a at bcom now"), ("#tag  it", "hashtag tag it"), ("o'neil", "o'neil")],
)
def test_texts_are_written_as_they_are_spoken(sentence, spoken):
    assert slurp_text(sentence) == spoken


def spoil(path, text):
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (lambda root: shutil.rmtree(root / "audio"), "audio/slurp_real does not exist: give SLURP's folder"),
        (lambda root: shutil.rmtree(root / "dataset"), "dataset/slurp does not exist: give SLURP's folder"),
        (lambda root: (root / "dataset/slurp/devel.jsonl").unlink(), "devel.jsonl does not exist"),
        (lambda root: (root / "dataset/slurp/metadata.json").unlink(), "metadata.json does not exist"),
        (lambda root: spoil(root / "dataset/slurp/metadata.json", "[]"), "is not SLURP's metadata"),
        (lambda root: spoil(root / "dataset/slurp/test.jsonl", '{"slurp_id": 1'), "test.jsonl, line 1 is not JSON"),
        (lambda root: spoil(root / "dataset/slurp/test.jsonl", '\n{"slurp_id": 1}'), "line 2 lacks .*recordings"),
        (lambda root: spoil(root / "dataset/slurp/test.jsonl", "[1]"), "line 1 lacks"),
    ],
    ids=range(8),
)
def test_damaged_folders_are_refused_in_one_sentence(own, mistake, message):
    mistake(own)
    with pytest.raises(UserError, match=message):
        domains_of({"slurp": str(own)})


@pytest.mark.parametrize(
    ("corpus", "message"),
    [
        ({"slurp": "none"}, "'corpus.slurp': none does not exist"),
        ({"mirror": "none"}, "'corpus.mirror': none is neither a folder nor a data set of the hub"),
        ({"slurp": "a", "table": "b"}, "exactly one of table, slurp, mirror"),
        ({"takes": 2}, "exactly one of table, slurp, mirror"),
        ({"table": "b", "mic": "distant"}, "'corpus.mic' is for slurp and mirror"),
    ],
    ids=range(5),
)
def test_mistakes_in_the_configuration_are_refused(corpus, message):
    config = complete({"name": "t", "experiment": "syn2real", "base": "a/b", "corpus": corpus}, "c.yaml")
    with pytest.raises(UserError, match=message):
        domains_of(config["corpus"])


def test_a_mirror_on_the_hub_has_the_same_sentences_and_recordings(mirrored, recorded, monkeypatch):
    """Files come one by one through the cache; what a data set has besides Parquet files is left alone."""
    files = [path.relative_to(mirrored).as_posix() for path in mirrored.rglob("*.parquet")]
    module = "tauspeech.data.domains.parquet"
    monkeypatch.setattr(f"{module}.list_files", lambda name: ["README.md", *files])
    monkeypatch.setattr(f"{module}.fetch_file", lambda name, file: mirrored / file)
    local, _ = recorded({"mirror": str(mirrored)})
    assert domains_of({"mirror": "owner/slurp"}) == domains_of({"mirror": str(mirrored)})
    assert recorded({"mirror": "owner/slurp"})[0].keys() == local.keys()


def test_synthetic_speech_of_a_mirror_is_no_recording(mirrored, recorded, tmp_path):
    more = shutil.copytree(mirrored, tmp_path / "more")
    shutil.copy(more / "data/train-00000-of-00001.parquet", more / "data/train_synthetic-00000-of-00001.parquet")
    rows, _ = recorded({"mirror": str(more)})
    assert rows.keys() == recorded({"mirror": str(mirrored)})[0].keys()
    _, folder = recorded({"mirror": str(more)})
    assert "unknown split" in {row["reason"] for row in read_table(folder / "email.dropped.tsv")}


def test_mirrors_of_other_layouts_are_refused(mirrored, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="has no Parquet files"):
        domains_of({"mirror": str(tmp_path / "empty")})
    broken = shutil.copytree(mirrored, tmp_path / "broken")
    spoil(broken / "data/test-00000-of-00001.parquet", "no Parquet file")
    with pytest.raises(UserError, match="is not a complete Parquet file"):
        domains_of({"mirror": str(broken)})


def rewritten(mirrored, folder, change):
    """The mirror with its test file changed."""
    root = shutil.copytree(mirrored, folder)
    (file,) = root.rglob("test-*.parquet")
    pq.write_table(change(pq.read_table(file)), file)
    return {"mirror": str(root)}


def test_a_mirror_whose_audio_has_no_paths_is_read_and_one_without_a_structure_refused(mirrored, tmp_path):
    def bytes_alone(table):
        audio = [{"bytes": each["bytes"]} for each in table.column("audio").to_pylist()]
        return table.set_column(table.schema.get_field_index("audio"), "audio", pa.array(audio))

    def binary(table):
        audio = [each["bytes"] for each in table.column("audio").to_pylist()]
        return table.set_column(table.schema.get_field_index("audio"), "audio", pa.array(audio))

    found = domains_of(rewritten(mirrored, tmp_path / "alone", bytes_alone))
    assert found == domains_of({"mirror": str(mirrored)})
    with pytest.raises(UserError, match="no column 'audio' of bytes and paths"):
        domains_of(rewritten(mirrored, tmp_path / "binary", binary))


def test_numbers_of_classes_without_a_name(mirrored, tmp_path):
    def with_class(number):
        def change(table):
            values = [number, *table.column("scenario").to_pylist()[1:]]
            place = table.schema.get_field_index("scenario")
            return table.set_column(place, table.schema.field(place), pa.array(values, pa.int64()))

        return change

    with pytest.raises(UserError, match="has the class 7 in the column 'scenario', and names of 2"):
        domains_of(rewritten(mirrored, tmp_path / "seven", with_class(7)))
    unlabelled = domains_of(rewritten(mirrored, tmp_path / "none", with_class(-1)))
    whole = domains_of({"mirror": str(mirrored)})
    assert sum(each.recordings.get("test", 0) for each in unlabelled.values()) < sum(
        each.recordings.get("test", 0) for each in whole.values()
    )
