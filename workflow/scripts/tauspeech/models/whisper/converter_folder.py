"""A model's folder with all that converters read.

They want files that transformers 5 does not save any more, and whisper.cpp's wants a table from another repository.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from transformers import GenerationConfig, WhisperConfig, WhisperProcessor

from tauspeech.models.folder import read_json
from tauspeech.models.whisper.prompt import lost_settings
from tauspeech.runtime.errors import UserError


def open_processor(folder: Path) -> WhisperProcessor:
    try:
        return WhisperProcessor.from_pretrained(folder)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{folder} has no tokenizer or processor ({reason}): copy these files from the base.") from None


def complete(folder: Path, whole: Path, plain: bool) -> None:
    """Make ``whole`` of the model's folder; ``plain`` rules out bfloat16, which numpy does not know."""
    for file in sorted(folder.glob("*.safetensors")):
        if plain and _holds_bfloat16(file):
            _copy_in_float32(file, whole / file.name)
        else:
            (whole / file.name).symlink_to(file.resolve())
    for file in (*folder.glob("*.json"), *folder.glob("*.txt")):
        shutil.copyfile(file, whole / file.name)
    _add_tokenizer_and_processor(open_processor(folder), whole)
    _settle_configurations(whole)


def _holds_bfloat16(file: Path) -> bool:
    with safe_open(file, framework="np") as tensors:
        return any(tensors.get_slice(name).get_dtype() == "BF16" for name in tensors.keys())  # noqa: SIM118


def _copy_in_float32(file: Path, copy: Path) -> None:
    tensors = load_file(file)
    save_file({name: tensor.float() for name, tensor in tensors.items()}, copy, metadata={"format": "pt"})


def _add_tokenizer_and_processor(processor: WhisperProcessor, whole: Path) -> None:
    tokenizer, extractor = processor.tokenizer, processor.feature_extractor
    if not (whole / "tokenizer.json").exists():
        tokenizer.save_pretrained(whole)
    if not (whole / "vocab.json").exists():
        tokenizer.save_vocabulary(str(whole))
    if not (whole / "added_tokens.json").exists():
        _write_json(whole / "added_tokens.json", tokenizer.get_added_vocab())
    if not (whole / "preprocessor_config.json").exists():
        extractor.save_pretrained(whole)
    # What the ggml script wants a checkout of openai/whisper for.
    assets = whole / "whisper" / "assets"
    assets.mkdir(parents=True)
    filters = np.ascontiguousarray(extractor.mel_filters.T, dtype=np.float32)
    np.savez(assets / "mel_filters.npz", **{f"mel_{len(filters)}": filters})


def _settle_configurations(whole: Path) -> None:
    config = WhisperConfig.from_pretrained(whole)
    # The ggml script takes this for the length of the position table; fine-tunes set it to what they want written.
    told = {"max_length": config.max_target_positions}
    _write_json(whole / "config.json", read_json(whole / "config.json") | told)
    path = whole / "generation_config.json"
    if path.exists():
        generation = read_json(path)
    else:
        generation = GenerationConfig.from_model_config(config).to_dict()
        # With this mark transformers would make the settings from the model's again, without languages.
        generation.pop("_from_model_config", None)
    if "lang_to_id" not in generation:
        vocabulary = WhisperProcessor.from_pretrained(whole).tokenizer.get_vocab()
        generation |= lost_settings(vocabulary, config.vocab_size)
    _write_json(path, generation)


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
