"""Tiny checkpoints of every CTC class, with the files of published ones, and short utterances for them."""

import json
from pathlib import Path

import numpy as np
import torch
from transformers import (
    HubertConfig,
    HubertForCTC,
    Wav2Vec2Config,
    Wav2Vec2ConformerConfig,
    Wav2Vec2ConformerForCTC,
    Wav2Vec2CTCTokenizer,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2ForCTC,
    Wav2Vec2Processor,
    WavLMConfig,
    WavLMForCTC,
)

from tauspeech.models.ctc.foundation import new_model
from tauspeech.models.family import Example
from tauspeech.models.foundation_sizes import SIZES
from tauspeech.models.tasks import SpeechTask

ENGLISH = SpeechTask("transcribe", "en", "en")
WORDS = ["abba", "cab", "dad", "fee", "egg", "hide", "kick", "mama"]
RATE = 16_000
WAVEFORM_CLASSES = {
    "wav2vec2": (Wav2Vec2Config, Wav2Vec2ForCTC),
    "wav2vec2-conformer": (Wav2Vec2ConformerConfig, Wav2Vec2ConformerForCTC),
    "hubert": (HubertConfig, HubertForCTC),
    "wavlm": (WavLMConfig, WavLMForCTC),
}
CLASSES = [*WAVEFORM_CLASSES, "wav2vec2-conformer-rotary", "parakeet_ctc"]
TINY = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "conv_dim": [24, 24, 24],
    "conv_kernel": [10, 8, 4],
    "conv_stride": [8, 8, 5],
    "num_feat_extract_layers": 3,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 2,
    "conv_depthwise_kernel_size": 7,
    "mask_time_prob": 0.0,
    "layerdrop": 0.0,
    "hidden_dropout": 0.0,
    "attention_dropout": 0.0,
    "activation_dropout": 0.0,
    "feat_proj_dropout": 0.0,
    "final_dropout": 0.0,
}


def save_checkpoint(
    model_type: str, folder: Path, *, upper: bool = True, masked: bool = True, more: tuple[str, ...] = (), **changes
) -> Path:
    """A model of random weights; capital letters as wav2vec2's English models, or lower-case ones."""
    folder.mkdir(parents=True, exist_ok=True)
    if model_type == "parakeet_ctc":
        new_model(WORDS, SIZES["ctc-tiny"], 1).save(folder)
        return folder
    letters = sorted({letter for word in WORDS for letter in (word.upper() if upper else word)})
    vocabulary = {token: id for id, token in enumerate(["<pad>", "<s>", "</s>", "<unk>", "|", *letters, "'", *more])}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    tokenizer = Wav2Vec2CTCTokenizer(str(folder / "vocab.json"))
    extractor = Wav2Vec2FeatureExtractor(return_attention_mask=masked)
    Wav2Vec2Processor(extractor, tokenizer).save_pretrained(folder)
    if model_type.endswith("-rotary"):
        model_type, changes = model_type.removesuffix("-rotary"), changes | {"position_embeddings_type": "rotary"}
    config_class, model_class = WAVEFORM_CLASSES[model_type]
    norm = {"feat_extract_norm": "layer" if masked else "group"}
    torch.manual_seed(1)
    config = config_class(vocab_size=len(vocabulary), pad_token_id=0, **TINY | norm | changes)
    model_class(config).save_pretrained(folder)
    return folder


def utterance(word: str) -> np.ndarray:
    """A tone for each letter, a tenth of a second long; equal letters are told apart by a pause."""
    time = np.arange(RATE // 10) / RATE
    shape = np.minimum(1, 10 * np.sin(np.pi * time * 10))
    tones = [np.sin(2 * np.pi * (200 + 150 * (ord(letter) - ord("a"))) * time) * shape for letter in word]
    return (0.3 * np.concatenate(tones)).astype(np.float32)


def examples(model, words=WORDS) -> list[Example]:
    return [Example(model.features(utterance(word)), model.labels(word, ENGLISH)) for word in words]
