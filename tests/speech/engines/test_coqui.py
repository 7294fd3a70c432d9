"""Coqui TTS in its own environment: models of its formats, cloning, and the mini voice. `make test-tts` makes that environment."""

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import soundfile

from tauspeech.runtime.environments import folder_of
from tauspeech.runtime.paths import FOUNDATIONS, ROOT
from tauspeech.scoring.metrics import cer

pytestmark = pytest.mark.tts
HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def coqui(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Any]:
    """What came of a case of coqui_models.py, each run once."""
    environment = ROOT / folder_of("coqui")
    if not (environment / "ready").is_file():
        pytest.skip("the environment of Coqui TTS is not there: make test-tts makes it")
    done: dict[str, Any] = {}

    def run(case: str) -> Any:
        if case not in done:
            folder = tmp_path_factory.mktemp(case.replace(" ", "-"))
            command = [environment / "bin" / "python", HERE / "coqui_models.py", case, folder]
            env = os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "TTS_HOME": str(folder / "none")}
            subprocess.run(command, check=True, env=env, capture_output=True)
            done[case] = json.loads((folder / "found.json").read_text(encoding="utf-8")) | {"folder": folder}
        return done[case]

    return run


@pytest.mark.parametrize(
    ("case", "rate", "speakers"), [("vits", 22_050, ["ann", "ben"]), ("xtts", 24_000, ["Ana"]), ("clone", 24_000, [])]
)
def test_a_model_by_its_path_synthesises_a_sentence(coqui, case, rate, speakers):
    found = coqui(case)
    assert (found["rate"], found["speakers"]) == (rate, speakers)
    assert found["samples"] > 1000
    assert found["finite"] and found["sum"] > 1
    assert found["version"].startswith("coqui-tts 0.28.0 ")


@pytest.mark.parametrize("case", ["vits", "xtts", "clone"])
def test_audio_depends_on_the_seed_and_not_on_earlier_calls(coqui, case):
    assert coqui(case)["same"]
    assert coqui(case)["other_seed_differs"]


def test_a_cloned_voice_is_the_recordings_and_not_a_built_in_one(coqui):
    assert coqui("clone")["sum"] != coqui("xtts")["sum"]


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("missing path", r"speech\.models\.coqui\.mine: .*nowhere\.pth does not exist"),
        ("broken", r"Coqui cannot load .*model\.pth .*not a checkpoint"),
        ("language", r"speech\.models\.coqui\.mine does not support sv, only de, en, zh-cn: "),
        ("mini's language", r"coqui/mini does not support sv, only en and zh: "),
        ("no reference", r"speech\.models\.coqui\.mine\.reference: .*me\.wav does not exist or cannot be read"),
        ("no voice", r"speech\.models\.coqui\.mine has no built-in voices: give recordings .* 'reference'"),
        ("speaker", r"coqui/mine has one voice: leave out the speaker 'Ana'"),
        (
            "partly",
            r"cannot load tts_models/en/ljspeech/glow-tts \(.*: if its download was interrupted, delete .*glow-tts",
        ),
        ("terms", r"non-commercial use only: .* set accept_licence to true"),
        (
            "missing name",
            r"tts_models/en/nobody/vits is in none of .*tts and .* cannot be downloaded .*tts --list_models",
        ),
        (
            "not downloaded",
            r"in none of .*none.tts and .*hub and cannot be downloaded .*tts --model_name tts_models/en/lj",
        ),
    ],
)
def test_a_mistake_is_one_sentence(coqui, case, message):
    text = coqui("mistakes")[case]
    assert re.search(message, text), text
    assert "\n" not in text


def test_code_in_a_file_of_weights_is_not_run(coqui):
    found = coqui("code")
    assert found["ran"] == []
    for case in ("checkpoint", "voices"):
        assert re.search(r"Coqui cannot load .*contains code besides weights", found[case]), found[case]
    assert found["careless"] == "refused"


def test_the_mini_voice_pronounces_unseen_names(coqui):
    found = coqui("mini")
    for language, length in (("zh", 1.8), ("en", 1.6)):
        said = found[language]
        assert said["speakers"] == [f"{language}-{number}" for number in (1, 2, 3)]
        assert said["same"]
        assert 0.7 * length < said["samples"] / 16_000 < 1.5 * length
        assert 1.7 * said["samples"] < said["long"] < 2.3 * said["samples"]


def test_the_base_transcribes_the_mini_voice(coqui):
    """Sentences of the grammar that neither of them was trained on."""
    import torch

    from tauspeech.models.family import open_model
    from tauspeech.models.tasks import SpeechTask

    torch.set_num_threads(1)
    model = open_model(FOUNDATIONS / "small")
    found = coqui("sentences")
    hypotheses = []
    for number in range(len(found["texts"])):
        samples, _ = soundfile.read(found["folder"] / f"{number}.wav", dtype="float32")
        encoded = model.encode([model.features(samples)])
        hypotheses += model.decode(encoded, SpeechTask("transcribe", "zh", "en"), beams=1, new_tokens=60)
    assert cer(found["texts"], hypotheses, "zh").value() < 40
