"""What a Whisper can be asked for: its languages, its tasks, and the language that it hears itself."""

from collections.abc import Mapping
from typing import Any

import torch
from transformers import WhisperForConditionalGeneration, WhisperProcessor
from transformers.models.whisper.tokenization_whisper import LANGUAGES, TO_LANGUAGE_CODE

from tauspeech.data.languages import primary_subtag
from tauspeech.runtime.errors import UserError

SURE = 0.2  # probability of the best of a hundred languages; a model that cannot tell them apart is far below
_ENGLISH_ONLY = 51_864  # tokens: OpenAI's models for English have all language tokens too, but never learnt them


def lost_settings(vocabulary: Mapping[str, int], size: int) -> dict[str, Any]:
    """The generation settings that some fine-tunes lack; the tokens tell them."""
    if "<|notimestamps|>" not in vocabulary:
        return {}
    told = {"no_timestamps_token_id": vocabulary["<|notimestamps|>"]}
    if size == _ENGLISH_ONLY:
        return told | {"is_multilingual": False}
    tokens = [f"<|{code}|>" for code in LANGUAGES]
    languages = {token: vocabulary[token] for token in tokens if vocabulary.get(token, size) < size}
    tasks = {task: vocabulary[f"<|{task}|>"] for task in ("transcribe", "translate")}
    return told | {"is_multilingual": True, "lang_to_id": languages, "task_to_id": tasks}


def restore_settings(model: WhisperForConditionalGeneration, processor: WhisperProcessor) -> None:
    if not hasattr(model.generation_config, "lang_to_id"):
        for name, value in lost_settings(processor.tokenizer.get_vocab(), model.config.vocab_size).items():
            setattr(model.generation_config, name, value)


def known_languages(model: WhisperForConditionalGeneration) -> list[str]:
    """Codes; none for a model that was made for English only."""
    settings = model.generation_config
    if not getattr(settings, "is_multilingual", True):
        return []
    return sorted(token.strip("<|>") for token in getattr(settings, "lang_to_id", {}))


def language_code(model: WhisperForConditionalGeneration, language: str) -> str:
    """The model's own code for zh, zh-TW, Chinese or <|zh|>."""
    known = known_languages(model) or ["en"]
    wanted = language.strip("<|> ").lower()
    for code in (wanted, TO_LANGUAGE_CODE.get(wanted), primary_subtag(wanted)):
        if code in known:
            return code
    raise UserError(f"the model knows no language '{language}': give --language one of {', '.join(known)}.")


def prompt(model: WhisperForConditionalGeneration, language: str, task: str) -> dict[str, str]:
    """The arguments of ``generate``: none for a model that knows nothing but English transcription."""
    if known_languages(model):
        return {"language": language, "task": task}
    if task != "transcribe":
        raise UserError(f"the model was made for English only and cannot {task}: give a multilingual one.")
    return {}


def detect_language(model: WhisperForConditionalGeneration, features: torch.Tensor) -> str:
    """The language of one window, a batch of one."""
    if not known_languages(model):
        return "en"
    settings = model.generation_config
    start = torch.full((1, 1), settings.decoder_start_token_id, device=features.device)
    with torch.inference_mode():
        scores = model(input_features=features, decoder_input_ids=start, use_cache=False).logits[0, -1]
    share = torch.softmax(scores.float(), -1)
    code, best = max(((token, share[id].item()) for token, id in settings.lang_to_id.items()), key=lambda each: each[1])
    if not best >= SURE:  # nor if it is no number
        raise UserError("the model cannot tell which language is spoken: say it with --language.")
    return code.strip("<|>")
