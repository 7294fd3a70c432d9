"""Frames of a speech encoder's layer: of Whisper's encoder, or of HuBERT and its kin."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from transformers import AutoFeatureExtractor, AutoModel

from tauspeech.data.audio import RATE
from tauspeech.data.json_files import read_json
from tauspeech.models.devices import device
from tauspeech.models.families import WINDOW_ROOM
from tauspeech.models.family import open_model
from tauspeech.runtime.errors import UserError

LAST = -1
WAVEFORM_TYPES = ("hubert", "wav2vec2", "wavlm")


class FrameEncoder(Protocol):
    """An open encoder; ``width`` is that of its frames."""

    width: int

    def frames(self, samples: np.ndarray) -> np.ndarray:
        """Output of the layer for one utterance at 16 kHz, by time."""
        ...


def open_frames(folder: Path, layer: int, window: float | None = None) -> FrameEncoder:
    """The encoder of a folder; layers count from 1, 0 is what enters the first, and -1 is the encoder's output.

    ``window`` is a Whisper's input window in seconds, if that is not to be the published one.
    """
    type = read_json(folder / "config.json").get("model_type")
    if type == "whisper":
        return WhisperFrames(folder, layer, window)
    if type in WAVEFORM_TYPES:
        if window is not None:
            raise UserError(
                f"{folder} takes speech of any length, so that it has no window of {window:g} s: leave it out."
            )
        return WaveformFrames(folder, layer)
    known = ", ".join(["whisper", *WAVEFORM_TYPES])
    raise UserError(f"{folder} is a model of the type '{type}', and units are made with encoders of the types {known}.")


class WhisperFrames:
    """A Whisper's encoder. Speech longer than its window is encoded in pieces; frames behind the speech are left out."""

    def __init__(self, folder: Path, layer: int, window: float | None):
        model: Any = open_model(folder)
        if window is not None:
            _require_window(folder, window, model.window)
            model.shorten_window(window)
        self._model, self._encoder, self._layer = model, model.network.to(device()).eval().model.encoder, layer
        _require_layer(folder, layer, model.network.config.encoder_layers)
        self.width: int = model.network.config.d_model
        self._frame = 2 * model.processor.feature_extractor.hop_length  # samples
        self._longest = int((model.window - model.room) * RATE)

    def frames(self, samples: np.ndarray) -> np.ndarray:
        return np.concatenate([self._piece(piece) for piece in _pieces(samples, self._longest)])

    def _piece(self, samples: np.ndarray) -> np.ndarray:
        inputs = torch.from_numpy(self._model.features(samples)[None]).to(self._model.network.device)
        with torch.inference_mode():
            found = self._encoder(inputs, output_hidden_states=self._layer != LAST)
        states = found.last_hidden_state if self._layer == LAST else found.hidden_states[self._layer]
        frames: np.ndarray = states[0, : -(-len(samples) // self._frame)].numpy(force=True)
        return frames


class WaveformFrames:
    """An encoder of samples: HuBERT, wav2vec 2.0 or WavLM, with or without a head for another task."""

    WINDOW = 30 * RATE  # a limit of memory

    def __init__(self, folder: Path, layer: int):
        self._network = AutoModel.from_pretrained(folder, dtype=torch.float32, use_safetensors=True).to(device()).eval()
        _require_layer(folder, layer, self._network.config.num_hidden_layers)
        self._extractor, self._layer = AutoFeatureExtractor.from_pretrained(folder), layer
        self.width: int = self._network.config.hidden_size
        self._shortest: int = self._network.config.inputs_to_logits_ratio * 2  # samples

    def frames(self, samples: np.ndarray) -> np.ndarray:
        return np.concatenate([self._piece(piece) for piece in _pieces(samples, self.WINDOW)])

    def _piece(self, samples: np.ndarray) -> np.ndarray:
        padded = np.pad(samples, (0, max(0, self._shortest - len(samples))))
        inputs = self._extractor(padded, sampling_rate=RATE, return_tensors="pt").input_values.to(self._network.device)
        with torch.inference_mode():
            found = self._network(inputs, output_hidden_states=self._layer != LAST)
        states = found.last_hidden_state if self._layer == LAST else found.hidden_states[self._layer]
        frames: np.ndarray = states[0].numpy(force=True)
        return frames


def _pieces(samples: np.ndarray, longest: int) -> Iterator[np.ndarray]:
    for start in range(0, max(len(samples), 1), longest):
        yield samples[start : start + longest]


def _require_window(folder: Path, window: float, published: float) -> None:
    if not WINDOW_ROOM < window < published:
        raise UserError(
            f"the window of {window:g} s is not between {WINDOW_ROOM:g} s, which stay free behind the speech, and the {published:g} s "
            f"of {folder}: give another one."
        )


def _require_layer(folder: Path, layer: int, layers: int) -> None:
    if not LAST <= layer <= layers:
        raise UserError(
            f"the encoder of {folder} has {layers} layers, and the layer {layer} is asked for: give one of -1 to {layers}."
        )
