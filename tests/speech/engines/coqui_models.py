"""Run in Coqui's environment: small models with random weights in Coqui's own formats, loaded and heard as a job does it.

``coqui_models.py CASE FOLDER`` prints what came of it as JSON.
"""

import json
import os
import pickle
import sys
from pathlib import Path

import numpy as np
import soundfile
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "workflow" / "scripts"))

from tauspeech.runtime.errors import UserError
from tauspeech.runtime.paths import VOICES
from tauspeech.speech.engines.coqui import open_engine
from tauspeech.speech.normalisation import normalise_audio

torch.set_num_threads(1)


def vits(folder: Path) -> Path:
    from TTS.tts.configs.vits_config import VitsArgs, VitsConfig
    from TTS.tts.models.vits import Vits

    torch.manual_seed(1)
    arguments = VitsArgs(
        hidden_channels=32, hidden_channels_ffn_text_encoder=32, num_layers_text_encoder=1, num_heads_text_encoder=2,
        num_layers_flow=1, num_layers_posterior_encoder=1, upsample_initial_channel_decoder=32,
        use_speaker_embedding=True, speaker_embedding_channels=16,
    )  # fmt: skip
    config = VitsConfig(
        model_args=arguments,
        use_speaker_embedding=True,
        speakers=["ann", "ben"],
        text_cleaner="basic_cleaners",
    )
    model = Vits(config)
    folder.mkdir(parents=True)
    config.save_json(str(folder / "config.json"))
    # A number of NumPy beside the weights, as in the files of Bark.
    torch.save({"model": model.state_dict(), "best": np.float64(0.5)}, folder / "model.pth")
    return folder


def xtts(folder: Path) -> Path:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from TTS.tts.configs.xtts_config import XttsArgs, XttsConfig
    from TTS.tts.models.xtts import Xtts

    torch.manual_seed(1)
    folder.mkdir(parents=True)
    letters = [
        "[STOP]",
        "[UNK]",
        "[SPACE]",
        "[START]",
        "[en]",
        "[de]",
        "[zh-cn]",
        *"abcdefghijklmnopqrstuvwxyz0123456789'.,!?",
    ]
    tokenizer = Tokenizer(models.BPE({letter: number for number, letter in enumerate(letters)}, [], unk_token="[UNK]"))
    tokenizer.add_special_tokens(letters[:7])
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "vocab.json"))
    arguments = XttsArgs(
        gpt_layers=1, gpt_n_model_channels=32, gpt_n_heads=2, decoder_input_dim=32, gpt_num_audio_tokens=40,
        gpt_start_audio_token=38, gpt_stop_audio_token=39, gpt_max_audio_tokens=20, gpt_max_text_tokens=100,
        gpt_max_prompt_tokens=20, tokenizer_file=str(folder / "vocab.json"),
    )  # fmt: skip
    config = XttsConfig(model_args=arguments, languages=["en", "de", "zh-cn"])
    model = Xtts(config)
    model.load_state_dict = lambda *args, **more: None  # there is nothing to load yet, but the tokenizer
    from TTS.tts.layers.xtts.tokenizer import VoiceBpeTokenizer

    model.tokenizer = VoiceBpeTokenizer(vocab_file=str(folder / "vocab.json"))
    model.init_models()
    config.save_json(str(folder / "config.json"))
    torch.save({"model": model.state_dict()}, folder / "model.pth")
    latents = {"gpt_cond_latent": torch.randn(1, 32, 32), "speaker_embedding": torch.randn(1, 512, 1)}
    torch.save({"Ana": latents}, folder / "speakers_xtts.pth")
    return folder


def told(sound, longest: float = 30.0) -> dict:
    samples = normalise_audio(sound, longest)
    return {
        "rate": sound.rate,
        "samples": len(samples),
        "finite": bool(np.isfinite(samples).all()),
        "sum": float(np.abs(samples).sum()),
    }


def said(engine, text: str, speakers: list) -> dict:
    """Twice with one seed, with another sentence between, and once with another seed."""
    first = engine.synthesise(text, speakers[0], 5)
    engine.synthesise("something else before", speakers[-1], 9)
    again, other = engine.synthesise(text, speakers[0], 5), engine.synthesise(text, speakers[0], 6)
    return told(first) | {
        "speakers": engine.speakers,
        "version": engine.version,
        "same": bool(np.array_equal(first.samples, again.samples)),
        "other_seed_differs": not np.array_equal(first.samples, other.samples),
    }


def case_vits(folder: Path) -> dict:
    place = vits(folder / "vits")
    engine = open_engine(
        {"engine": "coqui", "name": "own", "path": str(place / "model.pth"), "config": str(place / "config.json")}, "en"
    )
    return said(engine, "we saw the castle", ["ann", "ben"])


def case_xtts(folder: Path) -> dict:
    place = xtts(folder / "xtts")
    engine = open_engine({"engine": "coqui", "name": "x", "path": str(place)}, "en")
    return said(engine, "we saw the castle", ["Ana"])


def _noise(folder: Path) -> Path:
    """Four seconds of a recording."""
    path = folder / "noise.wav"
    soundfile.write(path, 0.1 * np.random.default_rng(1).standard_normal(4 * 22_050), 22_050)
    return path


def case_clone(folder: Path) -> dict:
    place = xtts(folder / "xtts")
    engine = open_engine({"engine": "coqui", "name": "x", "path": str(place), "reference": [str(_noise(folder))]}, "en")
    return said(engine, "we saw the castle", [None])


def case_mini(folder: Path) -> dict:
    results = {}
    for language, text in (("zh", "我们昨天去了新天鹅堡。"), ("en", "Yesterday we saw Neuschwanstein Castle.")):
        engine = open_engine({"engine": "coqui", "name": "mini", "mini": str(VOICES / "mini")}, language)
        results[language] = said(engine, text, engine.speakers)
        results[language]["long"] = told(engine.synthesise(text * 2, engine.speakers[0], 1))["samples"]
        soundfile.write(
            folder / f"{language}.wav", normalise_audio(engine.synthesise(text, engine.speakers[0], 1), 30), 16_000
        )
    return results


def case_sentences(folder: Path) -> dict:
    """Test sentences of the grammar, which no training saw."""
    from tauspeech.runtime.paths import GRAMMARS
    from tauspeech.text.checks import Checker
    from tauspeech.text.grammar import Grammar
    from tauspeech.text.template import generate

    grammar = Grammar.load(GRAMMARS / "zh-en.yaml", ["zh", "en"])
    found = generate([grammar], {"test": 12}, Checker(("zh", "en"), None, {}), 1, "voice-test", None)["test"]
    engine = open_engine({"engine": "coqui", "name": "mini", "mini": str(VOICES / "mini")}, "zh")
    for number, sentence in enumerate(found):
        speaker = engine.speakers[number % len(engine.speakers)]
        soundfile.write(
            folder / f"{number}.wav", normalise_audio(engine.synthesise(sentence["zh"], speaker, number), 30), 16_000
        )
    return {"texts": [sentence["zh"] for sentence in found]}


def case_mistakes(folder: Path) -> dict:
    place = xtts(folder / "xtts")
    (folder / "broken").mkdir()
    (folder / "broken" / "model.pth").write_bytes(b"not a model")
    (folder / "broken" / "config.json").write_bytes((place / "config.json").read_bytes())

    without = xtts(folder / "without")
    (without / "speakers_xtts.pth").unlink()
    partial = Path(os.environ["TTS_HOME"]) / "tts" / "tts_models--en--ljspeech--glow-tts"
    partial.mkdir(parents=True)

    def message(model: dict, language: str = "en", speaker: str | None = None) -> str:
        try:
            engine = open_engine({"engine": "coqui", "name": "mine"} | model, language)
            engine.synthesise("we saw the castle", speaker, 1)
        except UserError as error:
            return str(error)
        return "no error"

    return {
        "missing path": message({"path": str(folder / "nowhere.pth")}),
        "broken": message({"path": str(folder / "broken" / "model.pth")}),
        "language": message({"path": str(place)}, "sv"),
        "mini's language": message({"mini": str(VOICES / "mini")}, "sv"),
        "no reference": message({"path": str(place), "reference": [str(folder / "me.wav")]}),
        "no voice": message({"path": str(without)}),
        "speaker": message({"path": str(place), "reference": [str(_noise(folder))]}, speaker="Ana"),
        "partly": message({"model": "tts_models/en/ljspeech/glow-tts"}),
        "terms": message({"model": "tts_models/multilingual/multi-dataset/xtts_v2"}),
        "missing name": message({"model": "tts_models/en/nobody/vits"}),
        "not downloaded": message({"model": "tts_models/en/ljspeech/vits"}),
    }


class Harmful:
    """Pickle that writes a file when it is opened."""

    def __init__(self, file: Path):
        self.file = file

    def __reduce__(self) -> tuple:
        return Path.touch, (self.file,)


def case_code(folder: Path) -> dict:
    """Files of a user's that hold code: a checkpoint, XTTS's table of voices, and what a model reads with no care."""
    # As it is on the machine of somebody who works with old files.
    os.environ["TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"] = "1"
    told = {}
    for case, file, maker in (("checkpoint", "model.pth", vits), ("voices", "speakers_xtts.pth", xtts)):
        place = maker(folder / case)
        torch.save({"model": {}, "more": Harmful(folder / f"{case} ran")}, place / file)
        path = place if maker is xtts else place / "model.pth"
        try:
            open_engine({"engine": "coqui", "name": "mine", "path": str(path)}, "en")
        except UserError as error:
            told[case] = str(error)
    torch.save(Harmful(folder / "careless ran"), folder / "file.pth")
    try:
        torch.load(folder / "file.pth", weights_only=False)  # as Coqui's Bark does
    except pickle.UnpicklingError:
        told["careless"] = "refused"
    return told | {"ran": [file.name for file in folder.glob("* ran")]}


if __name__ == "__main__":
    place = Path(sys.argv[2])
    found = globals()[f"case_{sys.argv[1]}"](place)
    (place / "found.json").write_text(json.dumps(found, ensure_ascii=False))
