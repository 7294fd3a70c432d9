"""Temporary copy of a model folder with all files that the converters need.

They need files that transformers 5 no longer saves, and whisper.cpp's converter a table from another repository.
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
from tauspeech.models.whisper.prompt import settings_from_vocabulary
from tauspeech.runtime.errors import UserError


def open_processor(folder: Path) -> WhisperProcessor:
    """Tokenizer and feature extractor of a folder."""
    try:
        return WhisperProcessor.from_pretrained(folder)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{folder} has no tokenizer or processor ({reason}): copy these files from the base.") from None


def complete(folder: Path, target: Path, without_bfloat16: bool) -> None:
    """Write a complete copy of the model folder to ``target``; bfloat16, which numpy lacks, can be replaced by float32."""
    for file in sorted(folder.glob("*.safetensors")):
        if without_bfloat16 and _holds_bfloat16(file):
            _copy_in_float32(file, target / file.name)
        else:
            (target / file.name).symlink_to(file.resolve())
    for file in (*folder.glob("*.json"), *folder.glob("*.txt")):
        shutil.copyfile(file, target / file.name)
    _add_tokenizer_and_processor(open_processor(folder), target)
    _write_configurations(target)


def _holds_bfloat16(file: Path) -> bool:
    with safe_open(file, framework="np") as tensors:
        return any(tensors.get_slice(name).get_dtype() == "BF16" for name in tensors.keys())  # noqa: SIM118


def _copy_in_float32(file: Path, copy: Path) -> None:
    tensors = load_file(file)
    save_file({name: tensor.float() for name, tensor in tensors.items()}, copy, metadata={"format": "pt"})


def _add_tokenizer_and_processor(processor: WhisperProcessor, target: Path) -> None:
    tokenizer, extractor = processor.tokenizer, processor.feature_extractor
    if not (target / "tokenizer.json").exists():
        tokenizer.save_pretrained(target)
    if not (target / "vocab.json").exists():
        tokenizer.save_vocabulary(str(target))
    if not (target / "added_tokens.json").exists():
        _write_json(target / "added_tokens.json", tokenizer.get_added_vocab())
    if not (target / "preprocessor_config.json").exists():
        extractor.save_pretrained(target)
    # The file for which the ggml script requires a checkout of openai/whisper.
    assets = target / "whisper" / "assets"
    assets.mkdir(parents=True)
    filters = np.ascontiguousarray(extractor.mel_filters.T, dtype=np.float32)
    arrays: dict[str, Any] = {f"mel_{len(filters)}": filters}
    np.savez(assets / "mel_filters.npz", **arrays)


def _write_configurations(target: Path) -> None:
    config = WhisperConfig.from_pretrained(target)
    # The ggml script reads the size of the position table from max_length, which fine-tunes set to shorter lengths.
    length = {"max_length": config.max_target_positions}
    _write_json(target / "config.json", read_json(target / "config.json") | length)
    path = target / "generation_config.json"
    if path.exists():
        generation = read_json(path)
    else:
        generation = GenerationConfig.from_model_config(config).to_dict()
        # With this mark, transformers would derive the settings from the model's again, without languages.
        generation.pop("_from_model_config", None)
    if "lang_to_id" not in generation:
        vocabulary = WhisperProcessor.from_pretrained(target).tokenizer.get_vocab()
        generation |= settings_from_vocabulary(vocabulary, config.vocab_size)
    _write_json(path, generation)


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
