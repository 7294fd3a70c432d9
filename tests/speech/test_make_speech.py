"""The stage speech, run like a job: rows and hours of a set."""

import io
import itertools
import math
import multiprocessing

import pytest
import soundfile

import make_speech
import make_text
from tauspeech.data import manifest
from tauspeech.data.tables import write_table
from tauspeech.experiments.lors import plan
from tauspeech.plan.config import complete
from tauspeech.plan.jobs import PlannedJob
from tauspeech.runtime.job import Job
from tauspeech.runtime.receipts import Receipt, write_receipt

TEXTS = {
    "train": [
        "Guten Morgen, wie geht es dir?",
        "Ja.",
        "Der Zug nach Hamburg fährt heute leider nicht.",
        "Wir essen.",
        "Sie liest jeden Abend ein dickes Buch.",
        "Es schneit.",
        "Das Fenster stand die ganze Nacht offen.",
        "Nein.",
    ],
    "validation": ["Der Hund schläft unter dem Tisch.", "Komm her.", "Wo wohnt deine Schwester jetzt?", "Gut."],
    "test": ["Ich habe meinen Schlüssel verloren.", "Es regnet.", "Am Sonntag fahren wir ans Meer."],
}
UNLIMITED = dict.fromkeys(TEXTS, 1.0)
VOICE = {"check": None, "longest": 30.0, "rate": [220, 270], "pitch": [40, 60], "voices": ["de", "de+f2"]}


def write_spec(results, job):
    path = results / "plan" / job.stage / f"{job.id}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(job.text, encoding="utf-8")
    return path


def seconds_of(row):
    """Duration of the audio in a manifest's row, by soundfile."""
    return soundfile.info(io.BytesIO(row["audio"]["bytes"])).duration


def by_split(rows):
    found = {}
    for row in rows:
        found.setdefault(row["split"], []).append(row)
    return found


@pytest.fixture(scope="module")
def synthesise(tmp_path_factory):
    """A set of German sentences with some hours, in a folder of its own."""

    def run(hours, threads=2, **changes):
        results = tmp_path_factory.mktemp("speech") / "results" / "t"
        text = PlannedJob("text", "de", {})
        names = {split: [f"de-{split}-{number:05d}" for number in range(len(texts))] for split, texts in TEXTS.items()}
        table = [
            [name, split, "", sentence, sentence.upper()]
            for split in TEXTS
            for name, sentence in zip(names[split], TEXTS[split], strict=True)
        ]
        write_table(results / "text" / "de.tsv", ["utterance", "split", "word_id", "de", "en"], table)
        write_receipt(
            results / "text/de.receipt.json", text.key, text.spec, {}, [results / "text" / "de.tsv"], seconds=0
        )
        settings = VOICE | {"language": "de", "languages": ["de", "en"], "hours": hours} | changes
        job = Job(
            write_spec(
                results,
                PlannedJob(
                    "speech", "de", settings, {"text": text}, 1, threads=0, modules=("tauspeech.speech.sets.espeak",)
                ),
            ),
            threads,
        )
        make_speech.main(job)
        return job

    return run


@pytest.fixture(scope="module")
def everything(synthesise):
    return manifest.read(synthesise(None).path("de.parquet"))


def test_further_takes_of_a_sentence_have_names_and_voices_of_their_own(synthesise, everything):
    rows = manifest.read(synthesise(None, takes=3).path("de.parquet"))
    assert [row["utterance"] for row in rows[:4]] == [
        "de-train-00000", "de-train-00000--take2", "de-train-00000--take3", "de-train-00001"
    ]  # fmt: skip
    assert rows[::3] == everything  # the first take is what there is without others
    sounds = [{row["audio"]["bytes"] for row in rows[n : n + 3]} for n in range(0, len(rows), 3)]
    assert all(len(each) == 3 for each in sounds)
    assert len({row["voice"] for row in rows if "take" in row["utterance"]}) > 2


def test_of_some_splits_the_sentences_are_synthesised_as_in_the_whole_set(synthesise, everything):
    rows = manifest.read(synthesise(None, splits=["validation", "train"]).path("de.parquet"))
    assert rows == [row for row in everything if row["split"] != "test"]


def some_hours(everything, share):
    """Hours that are a share of each split's duration."""
    return {split: share * math.fsum(map(seconds_of, rows)) / 3600 for split, rows in by_split(everything).items()}


def test_without_hours_all_sentences_are_synthesised(everything):
    assert [(row["split"], row["de"], row["en"]) for row in everything] == [
        (split, text, text.upper()) for split, texts in TEXTS.items() for text in texts
    ]
    for row in everything:
        assert row["seconds"] == pytest.approx(seconds_of(row), abs=1e-6)
        assert row["voice"].split()[0] in VOICE["voices"]


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_each_split_has_no_more_than_its_hours_and_nearly_fills_them(synthesise, everything, share):
    hours = some_hours(everything, share)
    synthesised = by_split(manifest.read(synthesise(hours).path("de.parquet")))
    for split, rows in by_split(everything).items():
        found = synthesised.get(split, [])
        # In order, with the same voices and bytes, up to the first one that does not fit.
        assert found == rows[: len(found)]
        ends = list(itertools.accumulate(map(seconds_of, rows)))
        assert len(found) == sum(end <= hours[split] * 3600 for end in ends)
    assert len(synthesised["train"]) < len(TEXTS["train"])


def test_the_splits_have_hours_of_their_own(synthesise, everything):
    hours = UNLIMITED | {"validation": seconds_of(by_split(everything)["validation"][0]) / 3600 + 1e-6}
    synthesised = by_split(manifest.read(synthesise(hours).path("de.parquet")))
    assert {split: len(rows) for split, rows in synthesised.items()} == {"train": 8, "validation": 1, "test": 3}


def test_a_text_too_short_for_its_hours_is_taken_as_it_is(synthesise, everything):
    assert manifest.read(synthesise(UNLIMITED).path("de.parquet")) == everything


def test_the_file_does_not_depend_on_the_number_of_threads(synthesise, everything):
    hours = some_hours(everything, 0.5)
    one, three = (synthesise(hours, threads) for threads in (1, 3))
    assert one.path("de.parquet").read_bytes() == three.path("de.parquet").read_bytes()
    assert Receipt.read(one.receipt).files().keys() == {"de.parquet", "de.dropped.tsv"}


def test_synthesis_stops_when_the_hours_are_reached(synthesise, everything):
    synthesise(some_hours(everything, 0.2), threads=3)
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("language", ["ca", "de", "es", "fr", "it", "id", "nl", "pt", "ru", "sv"])
def test_a_planned_set_has_sentences_enough_for_its_hours(language, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wanted = {"train": 0.012, "validation": 0.006, "test": 0.006}
    other = "ca" if language != "ca" else "de"
    config = {"name": "t", "experiment": "lors", "base": "a/b", "scoring": {"sclite": False}}
    config["groups"] = {"high": {"languages": [language, other], "hours": wanted}}
    planned = plan.plan(complete(config, "c.yaml"), tmp_path / "results" / "t")
    for stage, main in (("text", make_text.main), ("speech", make_speech.main)):
        main(Job(write_spec(tmp_path / "results" / "t", planned.jobs[stage, language]), 2))
    synthesised = by_split(manifest.read(tmp_path / "results" / "t" / "speech" / f"{language}.parquet"))
    for split, hours in wanted.items():
        seconds = math.fsum(map(seconds_of, synthesised[split]))
        assert 3600 * hours - 6 < seconds <= 3600 * hours
        # A set's name and its texts are columns apart, also where the language's code is "id".
        assert all(row["utterance"].startswith(f"{language}-{split}-") for row in synthesised[split])
        assert all(row[language] and row["en"] and row[language] != row["en"] for row in synthesised[split])
