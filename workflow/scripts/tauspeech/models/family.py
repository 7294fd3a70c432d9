"""The protocol of model families: everything that the workflow asks of an open speech-to-text model.

Training, decoding, searches and merges know a model by ``SpeechModel`` alone. A family is a module that
``families.FAMILIES`` names, with a function ``open_model(folder) -> SpeechModel``; a family of which models of any
length can be transcribed, or foundations trained here, has modules ``long_audio`` and ``foundation`` beside it.

An utterance passes through the protocol in two halves, so that its features are computed once for all tasks and
epochs: ``features`` of the audio, ``labels`` of the text for a task. ``collate`` joins both to a batch that
``network`` takes. How other kinds of models fit:

- *CTC* (``models/ctc``: wav2vec2, HuBERT, Parakeet). ``features`` are normalised samples or mel frames, of the
  utterance's own length; ``labels`` are the characters or pieces of the text, and a task other than transcribe is
  refused there; ``collate`` pads features with an attention mask, and labels with -100. ``network`` computes the CTC
  loss in its forward pass. ``encode`` computes the log probabilities of the frames, ``decode`` is greedy or a prefix
  beam search over them; it ignores ``new_tokens``. ``window`` is a limit of memory, not of the model.
- *Decoder-only with text and unit tokens in one sequence* (``models/speech_llm``: SpeechGPT). ``features`` are the tokens
  of the speech's units, by an extractor that the open model holds; ``target`` is a whole answer, of a transcript and a
  translation; ``labels`` are its tokens with those of the instruction; ``collate`` writes instruction, units and answer
  into one ``input_ids``, with -100 in the labels wherever the loss does not count. ``decode`` generates behind instruction
  and units and parses the answer.
- *Decoder-only behind an audio encoder* (``models/audio_llm``: Qwen2-Audio). ``features`` are samples, which the model's own
  processor turns into inputs in ``collate`` and ``decode``, with the instruction as a turn of its chat template.
- *LoRA* is the same for all families: PEFT replaces layers inside ``network``, which so trains and decodes with the
  adapter. A family only names its layers, in ``lora_presets``. During such a training neither ``save_like`` nor
  ``load_weights`` is called.
"""

from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch

from tauspeech.models.families import family_module, supported
from tauspeech.models.folder import read_json
from tauspeech.models.loading import freeze_fixed_weights
from tauspeech.models.tasks import SpeechTask
from tauspeech.runtime.errors import UserError


class Example(NamedTuple):
    """One utterance with one task, as a dataset yields it and ``collate`` takes it."""

    features: np.ndarray
    labels: Any


class SpeechModel(Protocol):
    """An open model with all that belongs to it: tokenizer, feature extractor, generation settings."""

    # Trained in place. Its forward pass of a collated batch returns an output with ``loss``: the training loss, and on
    # the validation split the validation loss.
    network: torch.nn.Module
    window: float  # seconds of audio that one input holds; longer audio does not fit
    room: float  # seconds of the window that must stay free
    longest_text: int  # labels of one utterance at most
    features_id: str  # the same for models whose features of an utterance are the same
    leading_space: bool  # the labels of languages that are written with spaces begin with one
    varying_length: bool  # features are as long as their audio; batches of a training group similar lengths
    # The part of the network whose output a decoder attends to; None in networks without a decoder.
    encoder: torch.nn.Module | None
    # Layers that presets of ``training.lora.targets`` stand for, as regular expressions of their whole names:
    # ``attention`` and, if there is a decoder, ``decoder_attention``.
    lora_presets: Mapping[str, str]
    # Tokens that a language model got for units, roles, tasks and languages; none in other families.
    added_tokens: Sequence[int]

    def shorten_window(self, seconds: float) -> None:
        """Take audio of fewer seconds, in less time; what is saved stays as it would be. A UserError where it cannot be done."""
        ...

    def with_encoded_features(self) -> "SpeechModel":
        """The same open model with the output of its encoder as features, for trainings that leave the encoder as it is.

        A model without a decoder is returned as it is, and so is one whose encoder computes at random in training.
        """
        ...

    def features(self, samples: np.ndarray) -> np.ndarray:
        """Model input for samples at 16 kHz."""
        ...

    def features_of(self, row: Mapping[str, Any], task: SpeechTask) -> np.ndarray:
        """Model input for a row of a set: its audio, or what the family takes in its place."""
        ...

    def target(self, texts: Mapping[str, str], task: SpeechTask) -> str:
        """Text that is taught for an utterance with these texts by language."""
        ...

    def labels(self, text: str, task: SpeechTask) -> Any:
        """Training target of a text; a task that the family cannot learn is a UserError."""
        ...

    def label_count(self, labels: Any) -> int:
        """Number of tokens of a target, which may be at most ``longest_text``."""
        ...

    def is_alignable(self, seconds: float, labels: Any) -> bool:
        """False for a text that is too long for its speech, so that the utterance would not count in the loss."""
        ...

    def collate(self, examples: Sequence[Example]) -> dict[str, torch.Tensor]:
        """Arguments of ``network`` for a batch of examples."""
        ...

    def encode(self, features: Sequence[np.ndarray]) -> Any:
        """The part of decoding a batch that is the same for all tasks."""
        ...

    def decode(self, encoded: Any, task: SpeechTask, *, beams: int, new_tokens: int) -> list[str]:
        """Texts of an encoded batch; a family whose decoding takes hints has a further argument ``hints``."""
        ...

    def freeze_feature_encoder(self) -> None:
        """Exclude the layers that turn samples into features from training, in families where such layers are learned."""
        ...

    def load_weights(self, weights: Iterable[tuple[str, np.ndarray]]) -> None:
        """Replace the named tensors; the others stay as they are."""
        ...

    def save_like(self, base: Path, folder: Path) -> None:
        """Write a model folder that differs from ``base`` in its weights alone: the same files, names and types."""
        ...

    def save(self, folder: Path) -> None:
        """Write weights and all files that describe the model."""
        ...


def family_of(folder: str | Path) -> ModuleType:
    """Family of a folder's model; a UserError if there is none for its type."""
    config = read_json(Path(folder) / "config.json")
    module = family_module(config)
    if module is None:
        raise UserError(
            f"{folder} is a model of the type '{config.get('model_type')}', which is not supported: give one of the "
            f"types {supported()}."
        )
    return import_module(module)


def open_model(folder: str | Path, window: float | None = None) -> SpeechModel:
    """The model of a folder, in float32, with what its architecture declares fixed excluded from training.

    ``window`` is its input window in seconds, if that is not to be the published one.
    """
    model: SpeechModel = family_of(folder).open_model(folder)
    freeze_fixed_weights(model.network)
    if window is not None:
        model.shorten_window(window)
    return model


def fits_window(model: SpeechModel, row: dict[str, Any]) -> bool:
    """True if the utterance fits the input window; longer audio would be truncated silently."""
    return bool(row["seconds"] <= model.window - model.room)


def require_fit(model: SpeechModel, rows: Iterable[dict[str, Any]]) -> None:
    for row in rows:
        if not fits_window(model, row):
            free = f", of which {model.room:g} s must stay free" if model.room else ""
            remedy = "raise base_window" if model.room else "use another base"
            raise UserError(
                f"utterance {row['utterance']} lasts {row['seconds']:.2f} s and the model's input window is {model.window:g} s{free}: "
                f"set speech.longest to {model.window - model.room:g}, which drops longer utterances, cut a recording in two, or "
                f"{remedy}."
            )
