"""A tiny random Whisper with the vocabulary of published ones: behind the other tokens, timestamps."""

import torch

from tauspeech.models.foundation_sizes import SIZES
from tauspeech.models.whisper.family import Whisper
from tauspeech.models.whisper.foundation import build_network, build_processor


def published(texts: list[str], seed: int = 1, noise: float = 0.0) -> Whisper:
    """``noise`` is added to all weights, so that texts differ and are as long as may be."""
    processor = build_processor(texts, SIZES["tiny"])
    processor.tokenizer.add_tokens([f"<|{number / 50:.2f}|>" for number in range(301)])
    network = build_network(processor, SIZES["tiny"], seed).eval()
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(noise * torch.randn_like(weight))
    return Whisper(network, processor)
