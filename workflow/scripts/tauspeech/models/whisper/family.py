"""Whisper, of any size: load, hear, write."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from transformers import WhisperForConditionalGeneration, WhisperProcessor

from tauspeech.runtime.errors import UserError
from tauspeech.runtime.errors import one_line
from tauspeech.data.audio import RATE
from tauspeech.vectors.files.checkpoint import read_weights, write_model

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


def load(folder: str | Path) -> tuple[WhisperForConditionalGeneration, WhisperProcessor]:
    """In float32, whatever the checkpoint's type: small differences between models must survive."""
    try:
        model, found = WhisperForConditionalGeneration.from_pretrained(
            folder, dtype=torch.float32, use_safetensors=True, output_loading_info=True, ignore_mismatched_sizes=True
        )
        if not any((Path(folder) / file).is_file() for file in ("tokenizer.json", "vocab.json")):
            raise OSError("neither tokenizer.json nor vocab.json")  # transformers would make one that knows no word
        processor = WhisperProcessor.from_pretrained(folder)
    except (OSError, ValueError, RuntimeError, TypeError, KeyError, AttributeError, SafetensorError) as error:
        # Of what a tokenizer's reader says the type alone would tell nobody anything.
        reason = one_line(str(error)) or type(error).__name__
        raise UserError(
            f"no Whisper model could be loaded from {folder} ({reason}): give a folder or hub id with safetensors."
        ) from None
    _refuse_made_up(folder, model, found)
    # Old checkpoints carry a prompt here that would override the language and task of a call.
    model.generation_config.forced_decoder_ids = None
    return model, processor


def _refuse_made_up(folder: str | Path, model: WhisperForConditionalGeneration, found: dict[str, Any]) -> None:
    """transformers would only warn, and fill in random numbers."""
    unlike = {name for name, *_ in found["mismatched_keys"]}
    lacking = (found["missing_keys"] | unlike) & dict(model.named_parameters()).keys()
    if lacking:
        raise UserError(
            f"{folder} lacks {len(lacking)} weights that its config.json asks for, or has them in another shape, such as "
            f"{min(lacking)}: give a whole model, with its own config.json."
        )


def put(model: WhisperForConditionalGeneration, weights: Iterable[tuple[str, np.ndarray]]) -> None:
    """Replace some of a model's weights."""
    model.load_state_dict({name: torch.from_numpy(values) for name, values in weights}, strict=False)


def window(processor: WhisperProcessor) -> float:
    """Seconds that the model hears at once."""
    return processor.feature_extractor.chunk_length


def hears(processor: WhisperProcessor, row: dict[str, Any]) -> bool:
    """Whether all of an utterance; what is longer would be cut, and nobody told."""
    return row["seconds"] <= window(processor)


def check_lengths(processor: WhisperProcessor, rows: Iterable[dict[str, Any]]) -> None:
    for row in rows:
        if not hears(processor, row):
            raise UserError(
                f"utterance {row['utterance']} lasts {row['seconds']:.2f} s and the model hears {window(processor)} s at once: "
                f"set speech.longest to {window(processor)}, which leaves longer ones out, cut a recording in two, or use another base."
            )


def features(processor: WhisperProcessor, samples: np.ndarray) -> np.ndarray:
    return processor.feature_extractor(samples, sampling_rate=RATE, return_tensors="np").input_features[0]


def labels(processor: WhisperProcessor, text: str, language: str, task: str) -> list[int]:
    """What the decoder is to write after the start token, which the model adds itself."""
    tokenizer = processor.tokenizer
    prompt = tokenizer.convert_tokens_to_ids([f"<|{language}|>", f"<|{task}|>", "<|notimestamps|>"])
    return [*prompt, *tokenizer(text, add_special_tokens=False).input_ids, tokenizer.eos_token_id]


def transcribe(
    model: WhisperForConditionalGeneration,
    processor: WhisperProcessor,
    batch: Sequence[np.ndarray],
    *,
    language: str,
    task: str,
    beams: int,
    new_tokens: int,
) -> list[str]:
    """Texts of a batch of features."""
    room = model.config.max_target_positions - 4  # the prompt
    inputs = torch.from_numpy(np.stack(batch)).to(model.device, model.dtype)
    asked = {"language": language, "task": task, "num_beams": beams, "max_new_tokens": min(new_tokens, room)}
    with torch.inference_mode():
        ids = model.generate(inputs, attention_mask=torch.ones_like(inputs[:, 0, :], dtype=torch.long), **asked)
    return [text.strip() for text in processor.tokenizer.batch_decode(ids, skip_special_tokens=True)]


def save_like(base: Path, model: WhisperForConditionalGeneration, folder: Path) -> None:
    """The base's folder with other weights; what describes the model stays byte for byte the base's."""
    stored = read_weights(base)
    trained = model.state_dict()
    write_model(base, {name: trained[name].detach().to("cpu", weight.dtype) for name, weight in stored.items()}, folder)
