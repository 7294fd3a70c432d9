"""MuST-C on a small corpus in its own layout, with the oddities of the real one."""

import numpy as np
import pytest
import soundfile
import yaml

from tauspeech.corpora import mustc
from tauspeech.data.audio import RATE, decode_audio
from tauspeech.plan.translated_corpora import COVOST, MUSTC, translated_corpus
from tauspeech.runtime.errors import UserError

# Talk, offset, duration, texts, and why a segment is dropped. Offsets as text would be sorted 10, 2, 30.
SEGMENTS = {
    "train": [
        ("ted_1.wav", 10.0, 1.5, "Ten.", "Zehn."),
        ("ted_1.wav", 2.0, 1.0, "Two.\u2028More.", "Zwei."),
        ("ted_1.wav", 30.0, 2.0, "(Applause)", "(Beifall)"),
        ("ted_2.wav", 0.5, 1.0, "Other talk.", "Anderer Vortrag."),
        ("ted_1.wav", 12.0, 25.0, "Long.", "Lang.", "too long"),
        ("ted_1.wav", 5.0, 1.0, "Nothing.", "", "empty de text"),
        ("ted_1.wav", 39.8, 3.0, "Behind.", "Dahinter.", "behind the end of the talk"),
        ("ted_9.wav", 1.0, 1.0, "Gone.", "Weg.", "missing talk"),
        ("ted_2.wav", 4.0, 1.0, "Quiet.", "Still.", "silent"),
    ],
    "dev": [("ted_3.wav", 0.0, 1.0, "Dev.", "Dev.")],
    "tst-COMMON": [("ted_4.wav", 1.25, 1.0, "Test.", "Test.")],
}


def talk(seconds, number):
    """Each second is a tone of its own frequency; of the second talk the last seconds are silent."""
    time = np.arange(RATE) / RATE
    tones = [0.1 * np.sin(2 * np.pi * (200 + 20 * second) * time) for second in range(seconds)]
    if number == 2:
        tones[4:] = [np.zeros(RATE)] * len(tones[4:])
    return np.concatenate(tones).astype(np.float32)


@pytest.fixture
def corpus(tmp_path):
    for split, segments in SEGMENTS.items():
        folder = tmp_path / "en-de" / "data" / split
        (folder / "txt").mkdir(parents=True)
        (folder / "wav").mkdir()
        for number in {int(each[0][4]) for each in segments} - {9}:
            soundfile.write(folder / "wav" / f"ted_{number}.wav", talk(41 if number == 1 else 6, number), RATE)
        about = [
            {
                "duration": each[2],
                "offset": each[1],
                "rW": 1,
                "uW": 0,
                "speaker_id": f"spk.{each[0][4]}",
                "wav": each[0],
            }
            for each in segments
        ]
        (folder / "txt" / f"{split}.yaml").write_text(yaml.safe_dump(about), encoding="utf-8")
        for place, code in ((3, "en"), (4, "de")):
            text = "".join(f"{each[place]}\n" for each in segments)
            (folder / "txt" / f"{split}.{code}").write_text(text, encoding="utf-8")
    return tmp_path


class FakeJob:
    seed = 1

    def __init__(self, folder, hours=None):
        splits = dict.fromkeys(("train", "validation", "test")) | (hours or {})
        source = {"mustc": str(folder)}
        self.settings = {"source": source, "languages": ["en", "de"], "hours": splits, "longest": 20}


def read(folder, hours=None):
    dropped = []
    return {row["utterance"]: row for row in mustc.rows(FakeJob(folder, hours), dropped)}, dropped


def loudest(row):
    samples = decode_audio(row["audio"]["bytes"])[: RATE // 2]
    return np.argmax(np.abs(np.fft.rfft(samples))) * RATE / len(samples)


def test_segments_are_numbered_by_their_offsets_as_numbers(corpus):
    found, _ = read(corpus)
    texts = {name: row["en"] for name, row in found.items()}
    assert texts == {
        "de-train-ted_1_0": "Two.\u2028More.",
        "de-train-ted_1_2": "Ten.",
        "de-train-ted_1_4": "(Applause)",
        "de-train-ted_2_0": "Other talk.",
        "de-validation-ted_3_0": "Dev.",
        "de-test-ted_4_0": "Test.",
    }


def test_each_has_its_part_of_the_talk_and_both_texts(corpus):
    found, _ = read(corpus)
    row = found["de-train-ted_1_2"]
    assert (row["de"], row["seconds"], row["split"], row["engine"]) == ("Zehn.", 1.5, "train", "mustc")
    assert loudest(row) == pytest.approx(200 + 20 * 10, abs=4)
    assert found["de-train-ted_1_0"]["voice"] == row["voice"] != found["de-train-ted_2_0"]["voice"]


def test_what_cannot_be_used_is_dropped_and_counted(corpus):
    _, dropped = read(corpus)
    expected = sorted(each[5] for segments in SEGMENTS.values() for each in segments if len(each) > 5)
    assert sorted(drop.reason for drop in dropped) == expected


def test_hours_are_the_beginning_of_the_same_order(corpus):
    everything, _ = read(corpus)
    some, _ = read(corpus, {"train": 3.1 / 3600})
    trained = [name for name in everything if "-train-" in name]
    assert [name for name in some if "-train-" in name] == trained[: len(some) - 2] and len(some) < len(everything)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda txt: (txt / "train.de").write_text("Zehn.\n"), r"train\.de has 1 lines, and train\.yaml 9 segments"),
        (
            lambda txt: (txt / "train.yaml").write_text("- {wav: a.wav}\n"),
            r"is no list of segments of MuST-C \('offset'\)",
        ),
        (lambda txt: (txt / "train.yaml").unlink(), r"train\.yaml does not exist: give the folder of MuST-C"),
        (lambda txt: (txt / "train.en").unlink(), r"train\.en does not exist"),
    ],
)
def test_a_damaged_corpus_is_named(corpus, change, message):
    change(corpus / "en-de/data/train/txt")
    with pytest.raises(UserError, match=message):
        read(corpus)


def test_the_plan_depends_on_texts_and_on_the_sizes_of_talks(corpus):
    source, module = translated_corpus({"mustc": str(corpus)}, "en", "de")
    assert (
        module == MUSTC
        and "tst-COMMON/txt/tst-COMMON.de" in source["tables"]
        and source["audio"]["dev/wav/ted_3.wav"] > 1000
    )
    with pytest.raises(UserError, match=r"key 'corpus\.mustc': the folder .*en-fr/data does not exist"):
        translated_corpus({"mustc": str(corpus)}, "en", "fr")


def test_one_corpus_is_given(corpus):
    for given, named in (({}, "none"), ({"mustc": str(corpus), "mirror": "a/b"}, "mustc and mirror")):
        with pytest.raises(UserError, match=f"key 'corpus' has {named} of mustc, mirror, common_voice"):
            translated_corpus(given, "en", "de")


def test_translations_belong_to_common_voice(tmp_path):
    with pytest.raises(UserError, match=r"key 'corpus\.translations': the folder \(none\) does not exist"):
        translated_corpus({"common_voice": str(tmp_path), "translations": None}, "en", "de")


def test_covost_is_read_from_english_too(tmp_path):
    _, module = translated_corpus({"mirror": "fixie-ai/covost2"}, "en", "zh")
    assert module == COVOST
    with pytest.raises(
        UserError, match=r"CoVoST 2 does not translate 'en' into 'fr': from English choose one of de, tr"
    ):
        translated_corpus({"mirror": "fixie-ai/covost2"}, "en", "fr")
