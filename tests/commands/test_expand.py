"""`tauspeech expand`: a speech LLM of a text model, which `tauspeech transcribe` opens; mistakes in one sentence."""

import json

import numpy as np
import pytest
import soundfile
from tests.models.speech_llm.small import ENCODER, speech, text_model

from tauspeech.commands.main import main
from tauspeech.models.family import open_model
from tauspeech.models.units.extractor import UnitExtractor
from tauspeech.runtime.files import sha256_file
from tauspeech.runtime.paths import FOUNDATIONS


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("expand")
    text_model(folder / "text")
    for number in range(6):
        soundfile.write(folder / f"{number}.wav", speech(number), 16_000)
    return folder


@pytest.fixture
def run(made, capsys):
    def call(*arguments, output="speech", encoder=ENCODER):
        capsys.readouterr()
        more = ["--encoder", encoder, "-o", made / output, "--threads", "1"]
        code = main([str(each) for each in ["expand", made / "text", *more, *arguments]])
        return code, "".join(capsys.readouterr())

    return call


def audio(made):
    return ["--audio", *sorted(made.glob("*.wav"))]


def test_a_model_with_units_of_recordings_is_made_twice_the_same_and_transcribes(made, run, capsys):
    for output in ("one", "two"):
        code, text = run(*audio(made), "--units", 12, "--languages", "en", "de", output=output)
        assert code == 0 and f"12 units of {ENCODER}" in text
    about = json.loads((made / "one" / "speech_units.json").read_text())
    assert about == {"encoder": ENCODER, "layer": -1, "units": 12}
    for name in ("model.safetensors", "unit_centres.npy", "tokenizer.json"):
        assert (made / "one" / name).read_bytes() == (made / "two" / name).read_bytes()
    receipt = json.loads((made / "one" / "expansion_receipt.json").read_text())
    assert receipt["origin"]["model.safetensors"] == sha256_file(made / "text" / "model.safetensors")
    assert {name: sha256_file(made / "one" / name) for name in receipt["files"]} == receipt["files"]
    assert {file.name for file in (made / "one").iterdir()} == {*receipt["files"], "expansion_receipt.json"}
    model = open_model(made / "one")
    assert model.languages == ["de", "en"] and len(set(model.extractor.units(speech(1)).tolist())) > 3
    assert main(["transcribe", str(made / "one"), str(made / "0.wav"), "--threads", "1", "--output", "json"]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert found["task"] == "transcribe" and isinstance(found["text"], str)
    assert main(["transcribe", str(made / "one"), str(made / "0.wav"), "--task", "translate", "--language", "fr"]) == 2
    assert "--language is fr, and the model translates into de, en" in capsys.readouterr().err


def test_a_shorter_window_is_part_of_the_model(made, run, capsys):
    assert run(*audio(made), "--units", 6, "--window", 5, output="short")[0] == 0
    assert json.loads((made / "short" / "speech_units.json").read_text())["window"] == 5
    one = open_model(made / "short")
    again = UnitExtractor(ENCODER, -1, one.extractor.centres)
    assert one.extractor.window == 5 and one.extractor.id != again.id
    one.save(made / "again")
    assert open_model(made / "again").extractor.id == one.extractor.id


def test_centres_of_ones_own(made, run):
    np.save(made / "own.npy", np.random.default_rng(1).normal(size=(5, 96)).astype(np.float32))
    code, _ = run("--centres", made / "own.npy", output="own")
    assert code == 0 and open_model(made / "own").extractor.count == 5


def test_mistakes_are_one_sentence(made, run):
    np.save(made / "flat.npy", np.zeros(7))
    (made / "full").mkdir(exist_ok=True)
    (made / "full" / "a.txt").write_text("mine")
    for arguments, settings, says in (
        ([*audio(made), "--units", 9999], {}, "too few for 9999 units"),
        ([*audio(made), "--units", 1], {}, "--units is 1: give at least 2"),
        (["--centres", made / "flat.npy"], {}, "has the shape (7,)"),
        (["--centres", made / "none.npy"], {}, "none.npy"),
        ([*audio(made), "--units", 4], {"output": "full"}, "is not empty"),
        ([*audio(made), "--units", 4, "--layer", 7], {}, "has 2 layers"),
        ([*audio(made), "--units", 4, "--window", 2], {}, "the window of 2 s is not between 3 s"),
        (
            [*audio(made), "--units", 4],
            {"encoder": "foundation/ctc-small"},
            "units are made with encoders of the types whisper",
        ),
        ([*audio(made), "--units", 4], {"encoder": "foundation/none"}, "foundation/none"),
    ):
        code, text = run(*arguments, **settings)
        assert code == 2 and says in text and "Traceback" not in text, text
        assert len(text.strip().splitlines()) == 1, text
    assert (made / "full" / "a.txt").read_text() == "mine"


def test_other_models_are_refused(made, capsys):
    model = str(FOUNDATIONS / "english-tiny")
    assert main(["expand", model, "-o", str(made / "no"), "--encoder", ENCODER, "--centres", "c.npy"]) == 2
    assert (
        "type 'whisper', and such models cannot be made a speech LLM: give one of the types llama"
        in capsys.readouterr().err
    )
