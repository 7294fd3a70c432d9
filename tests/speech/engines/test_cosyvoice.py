"""CosyVoice from a checkout: a small one with the interface of the real one stands in for it."""

import json
import random
import sys

import numpy as np
import pytest
import soundfile

from tauspeech.runtime.errors import UserError
from tauspeech.runtime.paths import ROOT
from tauspeech.speech.engines.cosyvoice import open_engine

from .behaviour import TEXT

# As in the code of 2026, with a little of each random generator in every sample.
TODAY = """
import random
import matcha
import numpy as np
import torch


class CosyVoice2:
    def __init__(self, model_dir, load_jit=False, load_trt=False, load_vllm=False, fp16=False, trt_concurrent=1):
        if "broken" in model_dir:
            raise ValueError("unexpected key")
        self.sample_rate, self.asked = 24000, []

    def inference_zero_shot(
        self, tts_text, prompt_text, prompt_wav, zero_shot_spk_id="", stream=False, speed=1.0, text_frontend=True
    ):
        self.asked.append((tts_text, prompt_text, prompt_wav, stream, text_frontend))
        for piece in tts_text.split(", "):
            noise = torch.rand(1, 100 * len(piece)) + np.random.rand() + random.random()
            yield {"tts_speech": noise / 9 + len(prompt_text) / 1000}


def AutoModel(**kwargs):
    return CosyVoice2(**kwargs)
"""
# As in the code of 2025: no AutoModel, and the prompt as samples.
BEFORE = TODAY[: TODAY.index("def AutoModel")].replace("prompt_wav", "prompt_speech_16k")


@pytest.fixture(autouse=True)
def nothing_imported(monkeypatch):
    """Each test has a checkout of its own."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] in ("cosyvoice", "matcha")]:
        del sys.modules[name]


@pytest.fixture
def settings(tmp_path):
    checkout, model = tmp_path / "CosyVoice", tmp_path / "CosyVoice2-0.5B"
    for package in ("cosyvoice", "cosyvoice/cli", "third_party/Matcha-TTS/matcha"):
        (checkout / package).mkdir(parents=True)
        (checkout / package / "__init__.py").touch()
    (checkout / "cosyvoice/cli/cosyvoice.py").write_text(TODAY, encoding="utf-8")
    model.mkdir()
    (model / "cosyvoice2.yaml").touch()
    (model / "llm.pt").touch()
    prompts = {}
    for number, name in enumerate(("anna", "bert"), 1):
        soundfile.write(tmp_path / f"{name}.wav", 0.1 * np.sin(np.arange(number * 24_000)), 24_000)
        prompts[name] = {"audio": str(tmp_path / f"{name}.wav"), "text": "x" * number}
    paths = {"checkout": str(checkout), "model": str(model)}
    return {"engine": "cosyvoice", "name": "mine", "prompts": prompts, "text_frontend": False} | paths


def opened(settings, **changes):
    return open_engine(settings | changes, "zh")


def refused(settings, message, **changes):
    with pytest.raises(UserError, match=rf"^speech\.models\.cosyvoice\.mine\.{message}") as caught:
        opened(settings, **changes)
    assert "\n" not in str(caught.value)


def test_a_text_is_synthesised_in_pieces(settings, tmp_path):
    engine = opened(settings)
    assert engine.speakers == ["anna", "bert"]
    assert engine.version == "cosyvoice of unknown commit CosyVoice2-0.5B"
    sound = engine.synthesise(TEXT, "anna", 7)
    assert (sound.rate, sound.samples.dtype) == (24_000, np.float32)
    assert len(sound.samples) == 100 * len(TEXT.replace(", ", ""))
    assert engine._network.asked == [(TEXT, "x", str(tmp_path / "anna.wav"), False, False)]
    opened(settings, text_frontend=True)
    again = opened(settings, text_frontend=True)
    again.synthesise(TEXT, "bert", 7)
    assert again._network.asked == [(TEXT, "xx", str(tmp_path / "bert.wav"), False, True)]


def test_all_draws_follow_from_the_seed(settings):
    engine = opened(settings)
    first = engine.synthesise(TEXT, "anna", 7).samples
    engine.synthesise("other", "bert", 3)
    random.random(), np.random.rand()
    np.testing.assert_array_equal(engine.synthesise(TEXT, "anna", 7).samples, first)
    np.testing.assert_array_equal(opened(settings).synthesise(TEXT, "anna", 2**40 + 7).samples, first)
    for other in ((TEXT, "anna", 8), (TEXT, "bert", 7)):
        assert not np.array_equal(engine.synthesise(*other).samples, first)


def test_a_checkout_of_before_takes_samples(settings, tmp_path):
    (tmp_path / "CosyVoice/cosyvoice/cli/cosyvoice.py").write_text(BEFORE, encoding="utf-8")
    engine = opened(settings)
    assert len(engine.synthesise(TEXT, "bert", 7).samples) == 100 * len(TEXT.replace(", ", ""))
    samples = engine._network.asked[0][2]
    assert tuple(samples.shape) == (1, 32_000)  # two seconds at 16 kHz
    assert str(samples.dtype) == "torch.float32"


def test_a_text_without_audio_gives_no_samples(settings, tmp_path):
    engine = opened(settings)
    engine._network.inference_zero_shot = lambda *_, **__: iter(())
    assert len(engine.synthesise(TEXT, "anna", 7).samples) == 0


@pytest.mark.parametrize(
    ("head", "commit"),
    [("ref: refs/heads/main", "0123456789ab"), ("fedcba98765432100000", "fedcba987654"), (None, "of unknown commit")],
)
def test_the_version_tells_the_commit(settings, tmp_path, head, commit):
    git = tmp_path / "CosyVoice" / ".git"
    if head:
        (git / "refs" / "heads").mkdir(parents=True)
        (git / "HEAD").write_text(f"{head}\n", encoding="utf-8")
        (git / "refs" / "heads" / "main").write_text("0123456789abcdef\n", encoding="utf-8")
    assert opened(settings).version == f"cosyvoice {commit} CosyVoice2-0.5B"


def test_what_is_not_there_is_named_with_the_command_that_fetches_it(settings, tmp_path):
    new = str(tmp_path / "new")
    refused(settings, rf"checkout: {new} is not a checkout .* `git clone --recursive https://\S+ {new}`", checkout=new)
    refused(
        settings,
        rf"model: {new} does not contain .* `hf download FunAudioLLM/CosyVoice2-0\.5B --local-dir {new}`",
        model=new,
    )
    (tmp_path / "CosyVoice/third_party/Matcha-TTS/matcha/__init__.py").unlink()
    (tmp_path / "CosyVoice/third_party/Matcha-TTS/matcha").rmdir()
    refused(
        settings, r"checkout: .* lacks third_party/Matcha-TTS: run `git -C \S+ submodule update --init --recursive`"
    )


def test_a_package_that_is_missing_is_named_with_the_environment(settings, tmp_path):
    (tmp_path / "CosyVoice/cosyvoice/cli/cosyvoice.py").write_text("import hyperpyyaml_that_is_not", encoding="utf-8")
    refused(settings, r"checkout: .* \(No module named 'hyperpyyaml_that_is_not'\): .* envs/engine-cosyvoice\.txt")
    assert (ROOT / "envs" / "engine-cosyvoice.txt").is_file()


def test_a_model_that_cannot_be_opened_is_named(settings, tmp_path):
    broken = tmp_path / "broken"
    (tmp_path / "CosyVoice2-0.5B").rename(broken)
    refused(settings, r"model: .*broken \(ValueError: unexpected key\)", model=str(broken))


@pytest.mark.parametrize(
    ("rate", "seconds", "message"),
    [(8_000, 2, r"has 2\.0 seconds at 8000 Hz"), (16_000, 31, r"has 31\.0 seconds"), (16_000, 0, r"has 0\.0 seconds")],
)
def test_a_prompt_that_cosyvoice_would_refuse_is_named_at_once(settings, tmp_path, rate, seconds, message):
    soundfile.write(tmp_path / "bert.wav", np.zeros(rate * seconds), rate)
    refused(settings, rf"prompts\.bert\.audio: .*bert\.wav {message}")


def test_a_prompt_that_cannot_be_used_is_named(settings, tmp_path):
    prompts = json.loads(json.dumps(settings["prompts"]))
    prompts["bert"]["text"] = " "
    refused(settings, r"prompts\.bert\.text is empty", prompts=prompts)
    refused(settings, "prompts is empty", prompts={})
    (tmp_path / "bert.wav").write_text("no audio", encoding="utf-8")
    refused(settings, r"prompts\.bert\.audio: .* cannot be read as audio")
    (tmp_path / "bert.wav").unlink()
    refused(settings, r"prompts\.bert\.audio: .* does not exist")
