"""The CTC family: encoders with a label for each frame, through transformers' ``AutoModelForCTC``.

Models of waveforms (wav2vec2, wav2vec2-conformer, HuBERT, WavLM) and of mel frames (Parakeet) differ in their feature
extractor and in the name of their input; tokenizers have single characters or SentencePiece pieces.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import (
    AutoFeatureExtractor,
    AutoModelForCTC,
    AutoTokenizer,
    FeatureExtractionMixin,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from tauspeech.data.audio import RATE, decode_audio
from tauspeech.models.ctc.beams import best_labels, collapsed
from tauspeech.models.ctc.preparation import UNUSED, prepare
from tauspeech.models.ctc.requirements import require_characters, require_rate
from tauspeech.models.ctc.vocabulary import Vocabulary
from tauspeech.models.family import Example
from tauspeech.models.loading import require_all_weights, unreadable_as_user_error
from tauspeech.models.saving import save_weights_like
from tauspeech.models.tasks import SpeechTask
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import sha256_text

WINDOW = 30.0  # seconds; a limit of memory, as attention grows with the square of the length
REACH_INTO_PADDING = ("wav2vec2-conformer",)
LORA_PRESETS = {
    "attention": r".*\.(attention|self_attn)\.(q_proj|k_proj|v_proj|out_proj|o_proj|linear_q|linear_k|linear_v|linear_out)"
}
SHORTEST = RATE // 4  # samples; shorter audio is padded, since it has no frame, or too few for masks in training


@dataclass
class Emissions:
    """A batch as encoded: for each utterance the log probabilities of the labels by frame."""

    frames: list[torch.Tensor]

    @cached_property
    def arrays(self) -> list[np.ndarray]:
        return [each.float().cpu().numpy() for each in self.frames]


class CTCModel:
    """An open CTC model, as the protocol ``SpeechModel`` asks for it."""

    varying_length = True
    added_tokens: Sequence[int] = ()
    leading_space = False
    room = 0.0
    encoder = None

    def __init__(self, network: PreTrainedModel, extractor: FeatureExtractionMixin, tokenizer: PreTrainedTokenizerBase):
        self.network, self.extractor, self.tokenizer = network, extractor, tokenizer
        self.lora_presets: Mapping[str, str] = LORA_PRESETS
        self.vocabulary = Vocabulary(tokenizer, network.config.pad_token_id, network.config.vocab_size)
        self._frame = _samples_of_frame(network, extractor)
        longest = getattr(getattr(network.config, "encoder_config", None), "max_position_embeddings", None)
        self.window = min(WINDOW, longest * self._frame / RATE) if longest else WINDOW
        self.longest_text = int(self.window * RATE / self._frame)
        self.features_id = sha256_text(extractor.to_json_string())
        # Models with normalisation over time were trained without a mask.
        self._masked: bool = getattr(extractor, "return_attention_mask", True)
        # Padding would change their frames, and those of a class whose convolutions reach into it.
        over_time = getattr(network.config, "feat_extract_norm", None) == "group"
        self._alone = not self._masked or over_time or network.config.model_type in REACH_INTO_PADDING

    def shorten_window(self, seconds: float) -> None:
        raise UserError("key 'base_window': inputs of CTC models are as long as their audio: leave it out.")

    def with_encoded_features(self) -> "CTCModel":
        return self

    def features(self, samples: np.ndarray) -> np.ndarray:
        if len(samples) < SHORTEST:
            samples = np.pad(samples, (0, SHORTEST - len(samples)))
        found = self.extractor(samples, sampling_rate=RATE, return_tensors="np")
        features: np.ndarray = found[self.network.main_input_name][0]
        return features[: int(found.attention_mask.sum())] if "attention_mask" in found else features

    def features_of(self, row: Mapping[str, Any], task: SpeechTask) -> np.ndarray:
        return self.features(decode_audio(row["audio"]["bytes"]))

    def target(self, texts: Mapping[str, str], task: SpeechTask) -> str:
        return texts[task.text_language]

    def labels(self, text: str, task: SpeechTask) -> list[int]:
        _require_transcription(task)
        return self.vocabulary.labels(text)

    def label_count(self, labels: list[int]) -> int:
        return len(labels)

    def is_alignable(self, seconds: float, labels: list[int]) -> bool:
        """A frame for each label, and for a blank between equal ones."""
        blanks = sum(one == next for one, next in pairwise(labels))
        return len(labels) + blanks <= max(seconds * RATE, SHORTEST) / self._frame

    def collate(self, examples: Sequence[Example]) -> dict[str, torch.Tensor]:
        longest = max(len(example.labels) for example in examples)
        padded = [example.labels + [-100] * (longest - len(example.labels)) for example in examples]
        return self._inputs([example.features for example in examples]) | {"labels": torch.tensor(padded)}

    def _inputs(self, features: Sequence[np.ndarray]) -> dict[str, torch.Tensor]:
        lengths = torch.tensor([len(each) for each in features])
        shape = len(features), int(lengths.max()), *features[0].shape[1:]
        padded = torch.full(shape, self.extractor.padding_value, dtype=torch.float32)
        for row, each in zip(padded, features, strict=True):
            row[: len(each)] = torch.from_numpy(each)
        inputs = {self.network.main_input_name: padded}
        if self._masked:
            inputs["attention_mask"] = (torch.arange(padded.shape[1]) < lengths[:, None]).long()
        return inputs

    def encode(self, features: Sequence[np.ndarray]) -> Emissions:
        batches = [[each] for each in features] if self._alone else [features]
        return Emissions([frames for batch in batches for frames in self._frames(batch)])

    def _frames(self, features: Sequence[np.ndarray]) -> list[torch.Tensor]:
        inputs = {name: each.to(self.network.device) for name, each in self._inputs(features).items()}
        name = self.network.main_input_name
        inputs[name] = inputs[name].to(self.network.dtype)
        with torch.inference_mode():
            logits = self.network(**inputs).logits
            frames = torch.log_softmax(logits.float(), -1)
        if not self._masked:
            return list(frames)
        lengths = _mask_of_frames(self.network, inputs["attention_mask"], logits.shape[1]).sum(-1)
        return [each[: int(length)] for each, length in zip(frames, lengths, strict=True)]

    def decode(self, encoded: Emissions, task: SpeechTask, *, beams: int, new_tokens: int) -> list[str]:
        """The labels of a CTC model cannot be more than its frames, so ``new_tokens`` does not matter."""
        _require_transcription(task)
        blank = self.vocabulary.blank
        if beams > 1:
            found = best_labels(encoded.arrays, blank, beams)
        else:
            found = [collapsed(each.argmax(-1).tolist(), blank) for each in encoded.frames]
        return [self.vocabulary.text(labels) for labels in found]

    def freeze_feature_encoder(self) -> None:
        if hasattr(self.network, "freeze_feature_encoder"):
            self.network.freeze_feature_encoder()

    def load_weights(self, weights: Iterable[tuple[str, np.ndarray]]) -> None:
        named = {_loaded_name(name): torch.from_numpy(np.asarray(values)) for name, values in weights}
        self.network.load_state_dict(named, strict=False)

    def save_like(self, base: Path, folder: Path) -> None:
        save_weights_like(base, folder, self.network.state_dict(), _loaded_name)

    def save(self, folder: Path) -> None:
        self.network.save_pretrained(folder, max_shard_size="100GB")
        self.extractor.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)


def _require_transcription(task: SpeechTask) -> None:
    if task.kind != "transcribe":
        raise UserError("CTC models only transcribe: set task to transcribe, or give a Whisper model as base.")


def _loaded_name(name: str) -> str:
    """Name of a stored weight in the open model: transformers renames those of older weight normalisation."""
    for stored, loaded in (("weight_g", "original0"), ("weight_v", "original1")):
        if name.endswith(f".{stored}"):
            return f"{name.removesuffix(stored)}parametrizations.weight.{loaded}"
    return name


def _mask_of_frames(network: PreTrainedModel, mask: torch.Tensor, frames: int) -> torch.Tensor:
    """Which frames of the logits belong to the utterance; every class of transformers computes it by its own method."""
    if hasattr(network, "_get_output_attention_mask"):
        found: torch.Tensor = network._get_output_attention_mask(mask, target_length=frames)
    else:
        found = network._get_feature_vector_attention_mask(frames, mask)
    return found


def _samples_of_frame(network: PreTrainedModel, extractor: FeatureExtractionMixin) -> int:
    encoder = getattr(network.config, "encoder_config", None)
    count: int = encoder.subsampling_factor * extractor.hop_length if encoder else network.config.inputs_to_logits_ratio
    return count


def open_model(folder: str | Path) -> CTCModel:
    """In float32, whatever the checkpoint's type: small differences between models must survive."""
    with unreadable_as_user_error(
        "CTC model",
        folder,
        "give a folder or hub id with safetensors, of a model that was fine-tuned for speech recognition",
    ):
        network, found = AutoModelForCTC.from_pretrained(
            folder, dtype=torch.float32, use_safetensors=True, output_loading_info=True, ignore_mismatched_sizes=True
        )
        if not any((Path(folder) / file).is_file() for file in ("tokenizer.json", "vocab.json")):
            raise OSError("neither tokenizer.json nor vocab.json")
        extractor = AutoFeatureExtractor.from_pretrained(folder)
        tokenizer = AutoTokenizer.from_pretrained(folder)
        require_characters(tokenizer, network.config)
        require_rate(extractor)
    require_all_weights(folder, network, found, UNUSED)
    prepare(network, found["missing_keys"])
    return CTCModel(network, extractor, tokenizer)
