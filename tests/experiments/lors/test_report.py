"""Facts and captions of the report of the experiment lors."""

import pandas as pd
import pytest

from tauspeech.experiments.lors.report import described_tables, examples, facts
from tauspeech.experiments.lors.tables import rates_table
from tauspeech.plan.config import complete
from tauspeech.reporting.cells import grid
from tauspeech.reporting.tables import read_frame, write_frame
from tests.experiments.lors.conftest import BASIS, HIGH


@pytest.mark.parametrize(
    ("training", "said"),
    [
        ({"learning_rate": 1e-5}, "learning rate 1e-05 unless"),
        ({"learning_rate": [1e-5]}, "learning rate 1e-05 unless"),  # nothing is searched
        ({"learning_rate": [1e-5, 1e-4]}, "learning rate 1e-05 or 0.0001 for each training by validation, unless"),
        ({"learning_rate": [1e-5, 1e-4], "search": "kind"}, "0.0001 for each kind of training by validation, unless"),
    ],
)
def test_the_report_says_which_rates_were_tried(training, said):
    config = complete(BASIS | {"groups": {"high": {"languages": HIGH}}, "training": training}, "c.yaml")
    assert said in dict(facts(config, {}))["Fine-tuning"]


@pytest.mark.parametrize(
    ("recorded", "speech", "languages"),
    [
        ([], "espeak", "es, fr; recognised only: de; 300 / 60 / 60 minutes (train / validation / test) of each"),
        (["de"], "recordings (de), espeak", "recognised only: de; 300 / 60"),
        (["es", "fr", "de"], "recordings (es, fr, de)", "es, fr; recognised only: de"),
    ],
)
def test_the_report_says_which_languages_are_recordings(recorded, speech, languages):
    groups = {"high": {"languages": ["es", "fr"], "recognised": ["de"]}}
    found = dict(facts(complete(BASIS | {"groups": groups}, "c.yaml") | {"recorded": recorded}, {}))
    assert found["Speech"] == speech and languages in found["Languages, high resource"]
    assert ("minutes" in found["Languages, high resource"]) == (len(recorded) < 3)


def test_the_report_says_that_recordings_are_simulated():
    speech = {"channel": {}}
    config = complete(BASIS | {"groups": {"high": {"languages": HIGH}}, "speech": speech}, "c.yaml")
    assert dict(facts(config, {}))["Speech"] == "espeak, as simulated recordings"


def test_captions_say_what_sequential_training_is_where_it_has_a_row(plan):
    config = plan().jobs["report", "report"].settings["config"]
    tables = {name: pd.DataFrame({"system": ["Finetuned"], "Avg.": [1.0]}) for name in ("table1", "table3")}
    tables["table1"].loc[1] = ["Sequential training", 2.0]
    captions = {table.name: table.caption for table in described_tables(tables, config)}
    assert "Sequential training is one model" in captions["table1"] and "Sequential" not in captions["table3"]


def test_learning_rates_are_printed_with_all_their_digits(plan, tmp_path):
    point = {"learning_rate": 3e-4, "score": 90.0}
    table = rates_table({"high--asr": "ca--asr"}, {"ca--asr": {"learning_rate": 3e-4, "tried": [point]}})
    frame = read_frame(write_frame(tmp_path / "rates.tsv", table))  # which turns text into numbers
    (shown,) = described_tables({"rates": frame}, plan().jobs["report", "report"].settings["config"])
    assert [cell.text for cell in grid(shown).rows[0]] == ["high--asr", "ca--asr", "0.0003", "90.00", "1"]


def test_a_language_without_translations_is_transcribed_only():
    """Its set has no column of English texts."""
    row = {"utterance": "de-test-00000", "de": "guten tag", "audio": {"bytes": b"flac"}}
    settings = {"systems": {"de.transcribe": [["Pretrained", "raw"]]}}
    hypotheses = {("raw", "transcribe"): {"de-test-00000": "guten Tag"}}
    (found,) = examples({"de": [row]}, hypotheses, settings)
    assert (found.set, found.reference, found.outputs[0].text) == ("de, transcribe", "guten tag", "guten Tag")
