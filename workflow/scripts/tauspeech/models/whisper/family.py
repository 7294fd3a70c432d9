"""The Whisper family: any size of OpenAI's models, their fine-tunes, and the foundations that are trained here."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from transformers import WhisperForConditionalGeneration, WhisperProcessor
from transformers.modeling_outputs import BaseModelOutput

from tauspeech.data.audio import RATE, decode_audio
from tauspeech.data.languages import unspaced
from tauspeech.models.family import Example
from tauspeech.models.half_precision import arithmetic
from tauspeech.models.hints import Hints
from tauspeech.models.loading import require_all_weights, unreadable_as_user_error
from tauspeech.models.saving import save_weights_like
from tauspeech.models.tasks import SpeechTask
from tauspeech.models.whisper import greedy
from tauspeech.models.whisper.hints import HintSettings, hint_settings
from tauspeech.models.whisper.prompt import languages_of, prompt, require_language, restore_settings, timestamps
from tauspeech.models.whisper.window import InputWindow
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import sha256_text

PROMPT = 4  # tokens of the prompt at most: start, language, task, no timestamps
# Settings of a configuration with which an encoder computes at random in training; published models have none of them.
RANDOM = ("dropout", "attention_dropout", "activation_dropout", "encoder_layerdrop", "apply_spec_augment")

LORA_PRESETS = {
    "attention": r".*\.([qkv]|out)_proj",
    "decoder_attention": r"model\.decoder\..*\.([qkv]|out)_proj",
}


@dataclass
class Encoded:
    """Features of a batch; the encoder runs when its output is first used, and once for all tasks.

    A batch whose states have been computed may be kept longer than the model, so it refers to none.
    """

    network: WhisperForConditionalGeneration | None
    inputs: torch.Tensor

    @cached_property
    def states(self) -> torch.Tensor:
        assert self.network
        found = greedy.encode(self.network, self.inputs)
        self.network = None
        return found

    def computed_bytes(self) -> int:
        with torch.inference_mode():
            return self.inputs.nbytes + self.states.nbytes

    def part(self, rows: slice) -> "EncodedBefore":
        """Some rows of the batch, as the states of all."""
        with torch.inference_mode():
            return EncodedBefore(self.states[rows])


class EncodedBefore(NamedTuple):
    """A batch whose features are the encoder's output already."""

    states: torch.Tensor
    inputs: None = None

    def computed_bytes(self) -> int:
        return self.states.nbytes

    def part(self, rows: slice) -> "EncodedBefore":
        return EncodedBefore(self.states[rows])


class Whisper:
    """An open Whisper model, as the protocol ``SpeechModel`` asks for it."""

    varying_length = False
    added_tokens: Sequence[int] = ()

    def __init__(self, network: WhisperForConditionalGeneration, processor: WhisperProcessor):
        self.network, self.processor = network, processor
        self.encoder: torch.nn.Module | None = network.model.encoder
        # transformers does not divide this loss by the batches of a step, as the Trainer assumes without this.
        network.accepts_loss_kwargs = False
        self.lora_presets: Mapping[str, str] = LORA_PRESETS
        self._input = InputWindow(network, processor.feature_extractor)
        self.window, self.room = self._input.seconds, self._input.room
        self.longest_text: int = network.config.max_target_positions
        self.features_id = sha256_text(processor.feature_extractor.to_json_string())
        self._is_multilingual = bool(languages_of(network))
        self._timestamps = timestamps(processor.tokenizer.get_vocab(), network.config.vocab_size)
        # Published Whispers were trained on texts with a space before the first word; foundations of this project, which
        # have no timestamps, without.
        self.leading_space = bool(self._timestamps)
        self.converted: TokenGenerator | None = None  # decodes in place of the network
        self._of_hints: tuple[Hints, str, HintSettings] | None = None  # the last ones
        self._has_cut_prompts = False

    def is_alignable(self, seconds: float, labels: list[int]) -> bool:
        return True

    def shorten_window(self, seconds: float) -> None:
        self._input.shorten(seconds)
        self.window, self.room = self._input.seconds, self._input.room
        self.features_id = f"{self.features_id} {seconds:g}"

    def with_encoded_features(self) -> "Whisper":
        if any(getattr(self.network.config, setting, 0) for setting in RANDOM):
            return self
        return EncodedWhisper(self)

    def features(self, samples: np.ndarray) -> np.ndarray:
        found: np.ndarray = self.processor.feature_extractor(
            samples, sampling_rate=RATE, return_tensors="np", max_length=self._input.samples
        ).input_features[0]
        return found

    def features_of(self, row: Mapping[str, Any], task: SpeechTask) -> np.ndarray:
        return self.features(decode_audio(row["audio"]["bytes"]))

    def target(self, texts: Mapping[str, str], task: SpeechTask) -> str:
        return texts[task.text_language]

    def labels(self, text: str, task: SpeechTask) -> list[int]:
        """Tokens behind the start token, which the model adds itself."""
        require_language(self.network, prompt_language(task), task.kind)
        tokenizer = self.processor.tokenizer
        control = [f"<|{prompt_language(task)}|>", f"<|{task.kind}|>"] if self._is_multilingual else []
        if text and self.leading_space and not unspaced(task.text_language):
            text = f" {text.lstrip()}"
        text_ids = tokenizer(text, add_special_tokens=False).input_ids
        return [*tokenizer.convert_tokens_to_ids([*control, "<|notimestamps|>"]), *text_ids, tokenizer.eos_token_id]

    def label_count(self, labels: list[int]) -> int:
        return len(labels)

    def collate(self, examples: Sequence[Example]) -> dict[str, Any]:
        features = np.stack([example.features for example in examples])
        return {"input_features": torch.from_numpy(features), "labels": _padded_labels(examples)}

    def encode(self, features: Sequence[np.ndarray]) -> Encoded | EncodedBefore:
        return Encoded(self.network, torch.from_numpy(np.stack(features)).to(self.network.device, self.network.dtype))

    def decode(
        self,
        encoded: Encoded | EncodedBefore,
        task: SpeechTask,
        *,
        beams: int,
        new_tokens: int,
        hints: Hints | None = None,
    ) -> list[str]:
        of_hints = self.hint_settings(hints, task.text_language)
        room = self.network.config.max_target_positions - PROMPT - len(of_hints.get("prompt_ids", ()))
        settings: dict[str, Any] = {"num_beams": beams, "max_new_tokens": min(new_tokens, room)} | of_hints
        require_language(self.network, prompt_language(task), task.kind)
        settings |= prompt(self.network, prompt_language(task), task.kind) | {"return_timestamps": False}
        if self._timestamps:  # the prompt asks for none; two in a row would make generate() decode the audio again
            suppressed = self.network.generation_config.suppress_tokens or []
            settings["suppress_tokens"] = sorted({*suppressed, *self._timestamps})
        if self.converted:
            return self._texts(self.converted.generate(encoded.inputs, settings))
        inputs = encoded.inputs
        with torch.inference_mode():
            mask = encoded.states[:, :, 0] if inputs is None else inputs[:, 0, :]
            settings["attention_mask"] = torch.ones_like(mask, dtype=torch.long)
            if beams == 1:
                ids = greedy.generate(self.network, inputs, encoded.states, **settings)
            else:
                ids = self.network.generate(inputs, encoder_outputs=BaseModelOutput(encoded.states), **settings)
        return self._texts(ids)

    def hint_settings(self, hints: Hints | None, language: str) -> dict[str, Any]:
        """Arguments of ``generate`` for hints, made once for batches that follow each other."""
        if hints is None:
            return {}
        if self.converted:
            raise UserError("CTranslate2 decodes without hints: choose the engine transformers.")
        if self._of_hints is None or self._of_hints[:2] != (hints, language):
            self._of_hints = hints, language, hint_settings(self.network, self.processor.tokenizer, hints, language)
        arguments, left_out = self._of_hints[2]
        if left_out and not self._has_cut_prompts:
            self._has_cut_prompts = True  # of lists of utterances, thousands may be cut
            print(
                f"The prompt holds {len(hints.phrases) - left_out} of {len(hints.phrases)} phrases, without the last ones, from "
                f"'{hints.phrases[-left_out]}' on",
                file=sys.stderr,
                flush=True,
            )
        return {
            name: value.to(self.network.device) if isinstance(value, torch.Tensor) else value
            for name, value in arguments.items()
        }

    def _texts(self, ids: Any) -> list[str]:
        return [text.strip() for text in self.processor.tokenizer.batch_decode(ids, skip_special_tokens=True)]

    def freeze_feature_encoder(self) -> None:
        """Nothing: Whisper's features are computed, not learned."""

    def load_weights(self, weights: Iterable[tuple[str, np.ndarray]]) -> None:
        with self._input.whole():
            self.network.load_state_dict({name: torch.from_numpy(values) for name, values in weights}, strict=False)

    def save_like(self, base: Path, folder: Path) -> None:
        with self._input.whole():
            save_weights_like(base, folder, self.network.state_dict())

    def save(self, folder: Path) -> None:
        """A folder that transformers reads and, thanks to the older files, converters too."""
        with self._input.whole():
            self.network.save_pretrained(folder, max_shard_size="100GB")
        self.processor.save_pretrained(folder)
        self.processor.feature_extractor.save_pretrained(folder)
        self.processor.tokenizer.save_vocabulary(str(folder))


class EncodedWhisper(Whisper):
    """The open model ``model``, with the output of its encoder as features.

    Each utterance is encoded by itself, so that its features depend on no other one, and rounded to 16 bits.
    """

    def __init__(self, model: Whisper):
        super().__init__(model.network, model.processor)
        self._input, self.window, self.room = model._input, model.window, model.room
        self.features_id = f"{model.features_id} encoded"

    def with_encoded_features(self) -> Whisper:
        return self

    def features(self, samples: np.ndarray) -> np.ndarray:
        inputs = torch.from_numpy(super().features(samples)[None]).to(self.network.device, self.network.dtype)
        with torch.no_grad(), arithmetic(self.network, "fp32"):
            states = self.network.model.encoder(inputs).last_hidden_state[0]
        found: np.ndarray = states.to("cpu", torch.float16).numpy()
        return found

    def collate(self, examples: Sequence[Example]) -> dict[str, Any]:
        states = _stacked([example.features for example in examples])
        return {"encoder_outputs": (states,), "labels": _padded_labels(examples)}

    def encode(self, features: Sequence[np.ndarray]) -> EncodedBefore:
        return EncodedBefore(_stacked(features).to(self.network.device, self.network.dtype))


def _stacked(states: Sequence[np.ndarray]) -> torch.Tensor:
    return torch.from_numpy(np.stack(states)).float()


def _padded_labels(examples: Sequence[Example]) -> torch.Tensor:
    longest = max(len(example.labels) for example in examples)
    return torch.tensor([example.labels + [-100] * (longest - len(example.labels)) for example in examples])


def prompt_language(task: SpeechTask) -> str:
    """Language token of the prompt.

    Whisper was trained to translate into English, with the spoken language in the prompt. For translation into another
    language, models are trained with that language in the prompt.
    """
    return task.source if task.kind == "transcribe" or task.target == "en" else task.target


class TokenGenerator(Protocol):
    """The same model in another program."""

    def generate(self, inputs: torch.Tensor, settings: dict[str, Any]) -> list[list[int]]:
        """Tokens of a batch; ``settings`` are arguments of transformers' ``generate``."""
        ...


def open_model(folder: str | Path) -> Whisper:
    """In float32, whatever the checkpoint's type: small differences between models must survive."""
    with unreadable_as_user_error("Whisper model", folder, "give a folder or hub id with safetensors"):
        network, found = WhisperForConditionalGeneration.from_pretrained(
            folder, dtype=torch.float32, use_safetensors=True, output_loading_info=True, ignore_mismatched_sizes=True
        )
        if not any((Path(folder) / file).is_file() for file in ("tokenizer.json", "vocab.json")):
            raise OSError("neither tokenizer.json nor vocab.json")  # transformers would make an empty tokenizer
        processor = WhisperProcessor.from_pretrained(folder)
    require_all_weights(folder, network, found)
    # Old checkpoints carry a prompt here that would override the language and task of a call.
    network.generation_config.forced_decoder_ids = None
    restore_settings(network, processor)
    return Whisper(network, processor)
