"""Prompts of Whisper models: their languages and tasks, and detection of the spoken language."""

import re
from collections.abc import Mapping
from typing import Any

import torch
from transformers import WhisperForConditionalGeneration, WhisperProcessor
from transformers.models.whisper.tokenization_whisper import LANGUAGES, TO_LANGUAGE_CODE

from tauspeech.data.languages import primary_subtag
from tauspeech.runtime.errors import UserError

MIN_PROBABILITY = 0.2  # of the detected language, among about a hundred; undecided models are far below
_TIMESTAMP = re.compile(r"<\|[0-9]+\.[0-9]{2}\|>")
_MOST_TIMESTAMPS = 1501  # of 30 s in steps of 0.02 s
_ENGLISH_ONLY = 51_864  # vocabulary size; OpenAI's English models have all language tokens, too, but untrained


def settings_from_vocabulary(vocabulary: Mapping[str, int], size: int) -> dict[str, Any]:
    """Generation settings that some fine-tunes lack, reconstructed from the special tokens."""
    if "<|notimestamps|>" not in vocabulary:
        return {}
    settings: dict[str, Any] = {"no_timestamps_token_id": vocabulary["<|notimestamps|>"]}
    if size == _ENGLISH_ONLY:
        return settings | {"is_multilingual": False}
    tokens = [f"<|{code}|>" for code in LANGUAGES]
    languages = {token: vocabulary[token] for token in tokens if vocabulary.get(token, size) < size}
    tasks = {task: vocabulary[f"<|{task}|>"] for task in ("transcribe", "translate")}
    return settings | {"is_multilingual": True, "lang_to_id": languages, "task_to_id": tasks}


def timestamps(vocabulary: Mapping[str, int], size: int) -> list[int]:
    """Ids of timestamps, which follow <|notimestamps|>; tokenizers of older fine-tunes do not name them.

    Other tokens there are words that a fine-tune has added.
    """
    first = vocabulary.get("<|notimestamps|>", size) + 1
    others = {id for token, id in vocabulary.items() if id >= first and not _TIMESTAMP.fullmatch(token)}
    return [id for id in range(first, min(size, first + _MOST_TIMESTAMPS)) if id not in others]


def restore_settings(network: WhisperForConditionalGeneration, processor: WhisperProcessor) -> None:
    """Add missing generation settings to an open model; those of its folder stay."""
    settings = network.generation_config
    if hasattr(settings, "lang_to_id"):
        return
    found = settings_from_vocabulary(processor.tokenizer.get_vocab(), network.config.vocab_size)
    if not getattr(settings, "is_multilingual", True):  # with a language, generate() would ask for a multilingual model
        found = {name: value for name, value in found.items() if name == "no_timestamps_token_id"}
    for name, value in found.items():
        if getattr(settings, name, None) is None:
            setattr(settings, name, value)


def languages_of(network: WhisperForConditionalGeneration) -> list[str]:
    """Language codes of a multilingual model; an empty list for an English-only model."""
    settings = network.generation_config
    if not getattr(settings, "is_multilingual", True):
        return []
    return sorted(token.strip("<|>") for token in getattr(settings, "lang_to_id", {}))


def language_code(network: WhisperForConditionalGeneration, language: str) -> str:
    """The model's code of a language given as zh, zh-TW, Chinese or <|zh|>."""
    codes = languages_of(network) or ["en"]
    wanted = language.strip("<|> ").lower()
    for code in (wanted, TO_LANGUAGE_CODE.get(wanted), primary_subtag(wanted)):
        if code in codes:
            return code
    raise UserError(f"the model does not support the language '{language}': give --language one of {', '.join(codes)}.")


def require_language(network: WhisperForConditionalGeneration, language: str, task: str) -> None:
    """Refuse a language that the model has no token for, and for an English-only model all but English and its transcripts."""
    codes = languages_of(network)
    if codes and language not in codes:
        raise UserError(
            f"the base model does not support the language '{language}': give one of {', '.join(codes)}, or another base."
        )
    if not codes and (language != "en" or task != "transcribe"):
        raise UserError(
            f"the base model is English-only and cannot {task} '{language}': give a multilingual one, such as "
            "openai/whisper-small."
        )


def prompt(network: WhisperForConditionalGeneration, language: str, task: str) -> dict[str, str]:
    """Arguments of ``generate``; none for an English-only model, which has no prompt tokens for them."""
    if languages_of(network):
        return {"language": language, "task": task}
    if task != "transcribe":
        raise UserError(f"the model is English-only and cannot {task}: give a multilingual one.")
    return {}


def behind_prompt(ids: list[int], start: int) -> list[int]:
    """Tokens behind the start token: some calls of ``generate`` return those of the prompt, too."""
    return ids[ids.index(start) + 1 :] if start in ids else ids


def detect_language(network: WhisperForConditionalGeneration, features: torch.Tensor) -> str:
    """Code of the language spoken in one window, given as a batch of one."""
    if not languages_of(network):
        return "en"
    settings = network.generation_config
    start = torch.full((1, 1), settings.decoder_start_token_id, device=features.device)
    with torch.inference_mode():
        scores = network(input_features=features, decoder_input_ids=start, use_cache=False).logits[0, -1]
    share = torch.softmax(scores.float(), -1)
    code, best = max(((token, share[id].item()) for token, id in settings.lang_to_id.items()), key=lambda each: each[1])
    if not best >= MIN_PROBABILITY:  # also true for NaN
        raise UserError("the spoken language cannot be detected: give it with --language.")
    return code.strip("<|>")
