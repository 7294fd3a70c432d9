"""Kokoro in its own environment: ONNX Runtime with a small model, and misaki's phonemes. `make test-tts` makes the environment."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tauspeech.runtime.environments import folder_of
from tauspeech.runtime.paths import ROOT

pytestmark = pytest.mark.tts


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Output of kokoro_models.py."""
    environment = ROOT / folder_of("kokoro")
    if not (environment / "ready").is_file():
        pytest.skip("the environment of Kokoro is not there: make test-tts makes it")
    folder = tmp_path_factory.mktemp("kokoro")
    command = [environment / "bin" / "python", Path(__file__).with_name("kokoro_models.py"), folder]
    subprocess.run(command, check=True, env=os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"})
    return json.loads((folder / "found.json").read_text(encoding="utf-8"))


def audio_of(found, phonemes):
    """What the small model makes of phonemes, between the padding."""
    tokens = [0, *(found["symbols"][symbol] for symbol in phonemes), 0]
    return [2 * token + 0.5 for token in tokens]


def test_a_model_synthesises_the_phonemes_of_a_text(found):
    assert found["version"].startswith("kokoro onnxruntime 1.32.0 ")
    assert found["en"] == audio_of(found, "həlˈO.")
    assert found["zh"] == audio_of(found, "ni↓xau↓.")


def test_mandarin_has_tones_and_numbers_are_read(found):
    assert found["phonemes"] == ["ni↓xau↓, pwo↗li↗nʨʰja↗ŋ.", "ɕi→n tʰjɛ→nɤ↗pau↓ jou↓ sa→nʦwo↘ tʰa↓!"]


def test_a_phonemiser_that_is_not_installed_is_named_with_its_command(found):
    assert "phonemes of ja need packages that this environment lacks (No module named 'pyopenjtalk')" in found["ja"]
    assert "-m pip install 'misaki[ja]'` and `" in found["ja"]
