"""SpeechT5 with transformers: English as published, with an x-vector for each speaker."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from tauspeech.data.dropped_utterances import Unusable
from tauspeech.runtime.errors import UserError
from tauspeech.speech.engine import Engine, Sound
from tauspeech.speech.engine_tools import key
from tauspeech.speech.pretrained import folder_of, load, seeded, tokenizer, version_text


def open_engine(model: dict[str, Any], language: str) -> Engine:
    # Without it, transformers replaces the tokenizer by a placeholder.
    if find_spec("sentencepiece") is None:
        raise UserError(f"{key(model)} needs the package sentencepiece: run `pip install sentencepiece`.")
    from transformers import SpeechT5ForTextToSpeech, SpeechT5HifiGan, SpeechT5Tokenizer

    folder = folder_of(model, "model", "speecht5")
    letters = tokenizer(SpeechT5Tokenizer, folder, model, "spm_char.model")
    network = load(SpeechT5ForTextToSpeech, folder, model)
    vocoder = load(SpeechT5HifiGan, folder_of(model, "vocoder", "hifigan", "speecht5_hifigan"), model, "vocoder")
    vectors = _vectors(model, network.config.speaker_embedding_dim)
    return _SpeechT5(model, network, vocoder, letters, vectors, spell_numbers=language == "en")


def _vectors(model: dict[str, Any], size: int) -> dict[str, np.ndarray]:
    """Speaker vectors by name, from the user's file."""
    path, where = Path(model["speakers"]).expanduser(), key(model, "speakers")
    vectors = {name: np.asarray(vector, np.float32).squeeze() for name, vector in _read(path, where).items()}
    if not vectors:
        raise UserError(f"{where}: {path} has no speakers: save at least one vector in it.")
    for name, vector in vectors.items():
        if vector.shape != (size,) or not np.isfinite(vector).all():
            raise UserError(
                f"{where}: speaker '{name}' in {path} is not a vector of {size} numbers, which the model needs: "
                "save an x-vector for it."
            )
    return vectors


def _read(path: Path, where: str) -> dict[str, np.ndarray]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    if path.suffix not in (".safetensors", ".npy"):
        raise UserError(f"{where}: {path} is neither a .safetensors nor a .npy file: save the vectors in one.")
    try:
        if path.suffix == ".safetensors":
            return dict(sorted(load_file(path).items()))
        table = np.load(path, allow_pickle=False)
        return {str(number): vector for number, vector in enumerate(np.atleast_2d(table))}
    except FileNotFoundError:
        raise UserError(
            f"{where}: {path} does not exist: save a vector for each speaker there, such as the x-vectors of "
            "regisss/cmu-arctic-xvectors."
        ) from None
    except (OSError, ValueError, EOFError, SafetensorError) as error:
        raise UserError(f"{where}: {path} cannot be read ({str(error).splitlines()[0]}): save it again.") from None


class _SpeechT5:
    def __init__(
        self,
        model: dict[str, Any],
        network: Any,
        vocoder: Any,
        letters: Any,
        vectors: dict[str, np.ndarray],
        spell_numbers: bool,
    ):
        self._network, self._vocoder, self._letters = network, vocoder, letters
        self._vectors, self._spell_numbers = vectors, spell_numbers
        self.speakers = list(vectors)
        self.version = version_text("speecht5", f"{model['model']} with {model['vocoder']}")

    def synthesise(self, text: str, speaker: str | None, seed: int) -> Sound:
        import torch

        vector = self._vectors[speaker or self.speakers[0]]
        device = self._network.device
        # Digits are not in the model's vocabulary.
        tokens = self._letters(text, normalize=self._spell_numbers, return_tensors="pt").input_ids
        if tokens.shape[1] > self._network.config.max_text_positions:
            raise Unusable("too long a text for the voice")
        # The dropout of the prenet is on as in training: without it the voice is monotonous.
        with seeded(seed):
            samples = self._network.generate_speech(
                tokens.to(device), torch.from_numpy(vector)[None].to(device), vocoder=self._vocoder
            )
        return Sound(samples.float().cpu().numpy().reshape(-1), self._vocoder.config.sampling_rate)
