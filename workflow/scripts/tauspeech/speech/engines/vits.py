"""VITS and MMS with transformers: one network from letters to audio, mostly one model per language."""

import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from tauspeech.data.dropped_utterances import Unusable
from tauspeech.runtime.errors import UserError
from tauspeech.speech.engine import Engine, Sound
from tauspeech.speech.engine_tools import key
from tauspeech.speech.pretrained import folder_of, load, seeded, tokenizer, version_text


def open_engine(model: dict[str, Any], language: str) -> Engine:
    from transformers import VitsModel, VitsTokenizer

    folder = folder_of(model, "model", "vits")
    letters = tokenizer(VitsTokenizer, folder, model, "vocab.json")
    _check_packages(letters, model)
    romanise = _romaniser(letters) if letters.is_uroman else str
    if letters.phonemize:
        _find_espeak()
    return _Vits(model, load(VitsModel, folder, model), letters, romanise)


def _check_packages(letters: Any, model: dict[str, Any]) -> None:
    if letters.phonemize and find_spec("phonemizer") is None:  # not in the lock, because it is under GPL-3
        raise UserError(
            f"{key(model, 'model')}: {model['model']} needs phonemes, which the package phonemizer makes: "
            f"run `{sys.executable} -m pip install phonemizer`, or choose another model."
        )


def _romaniser(letters: Any) -> Callable[[str], str]:
    """Romanisation as in the tokenizer, which would open uroman for each sentence: three seconds each."""
    from uroman import Uroman

    opened = Uroman()
    letters.is_uroman = False

    def romanise(text: str) -> str:
        text = letters.normalize_text(text) if letters.normalize else text
        return text if text.isascii() else opened.romanize_string(text)

    return romanise


def _find_espeak() -> None:
    """Make phonemizer use espeak-ng of the espeakng-loader wheel instead of a system-wide one."""
    import espeakng_loader
    from phonemizer.backend.espeak.wrapper import EspeakWrapper

    EspeakWrapper.set_library(espeakng_loader.get_library_path())
    EspeakWrapper.set_data_path(espeakng_loader.get_data_path())


class _Vits:
    def __init__(self, model: dict[str, Any], network: Any, letters: Any, romanise: Callable[[str], str]):
        self._model, self._network, self._letters, self._romanise = model, network, letters, romanise
        count = network.config.num_speakers
        self.speakers = [str(number) for number in range(count)] if count > 1 else []
        self.version = version_text("vits", model["model"])

    def synthesise(self, text: str, speaker: str | None, seed: int) -> Sound:
        if speaker and not self.speakers:
            name = f"vits/{self._model['name']}"
            raise UserError(f"the voice {name}/{speaker} does not exist: the model has one voice, use {name}.")
        number = int(speaker or 0) if self.speakers else None
        tokens = self._tokens(text).to(self._network.device)
        with seeded(seed):
            waveform = self._network(input_ids=tokens, speaker_id=number).waveform
        return Sound(waveform[0].float().cpu().numpy(), self._network.config.sampling_rate)

    def _tokens(self, text: str) -> Any:
        """Tokens of the letters in the network's vocabulary; other letters have ids beyond it and are left out."""
        import torch

        tokens = self._letters(self._romanise(text), return_tensors="pt").input_ids.long()
        blank = self._letters.add_blank
        letters = tokens[:, 1::2] if blank else tokens
        letters = letters[letters < self._network.config.vocab_size][None]
        if not letters.numel():
            raise Unusable("no letter that the voice can read")
        if not blank:
            return letters
        padded = torch.zeros(1, 2 * letters.shape[1] + 1, dtype=torch.long)
        padded[:, 1::2] = letters
        return padded
