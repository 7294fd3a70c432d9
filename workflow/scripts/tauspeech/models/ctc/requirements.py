"""Checks of the tokenizer and the feature extractor of a CTC model; a ValueError says what is wrong."""

from typing import Any

from transformers import FeatureExtractionMixin, PreTrainedConfig, PreTrainedTokenizerBase

from tauspeech.data.audio import RATE


def require_rate(extractor: FeatureExtractionMixin) -> None:
    if (rate := getattr(extractor, "sampling_rate", RATE)) != RATE:
        raise ValueError(f"it is for audio at {rate} Hz, and speech here has {RATE} Hz")


def require_characters(tokenizer: PreTrainedTokenizerBase, config: PreTrainedConfig) -> None:
    """Labels must be pieces of text, and each must be one that the model computes."""
    if "Phoneme" in type(tokenizer).__name__:
        raise ValueError("its labels are phonemes")
    vocabulary: dict[str, Any] = tokenizer.get_vocab()
    if any(isinstance(id, dict) for id in vocabulary.values()):
        raise ValueError("its vocab.json has several languages, and target_lang in tokenizer_config.json names none")
    if not isinstance(config.pad_token_id, int) or not 0 <= config.pad_token_id < config.vocab_size:
        raise ValueError(
            f"pad_token_id is {config.pad_token_id}, and must be the blank among {config.vocab_size} labels"
        )
