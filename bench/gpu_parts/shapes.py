"""Whisper models with random weights in the shapes of published ones, and the arithmetic that they need by formula.

FLOPs count a multiplication and an addition of a matrix product as two; products only. With T positions and F = 2T
frames of the encoder, n positions of the decoder, width d, feed-forward width m, vocabulary V and M mel bins, the
forward pass of one example takes

    convolutions        2 F 3 M d  +  2 T 3 d^2
    encoder, a layer    2 T (4 d^2 + 2 d m)  +  4 T^2 d
    decoder, a layer    2 n (4 d^2 + 2 d m)  +  4 n^2 d        its own positions
                        2 n 2 d^2  +  2 T 2 d^2  +  4 n T d    the encoder's positions
    output              2 n V d

The backward pass takes twice as much where weights are trained: a product for the gradient of the weights and one for
that of the input, which the first convolution needs not. With LoRA, frozen weights take one product, convolutions none
and attention two; an adapter of rank r of a layer a x b takes 3 * 2 (a + b) r a position.
"""

from dataclasses import dataclass
from types import SimpleNamespace

import torch
from transformers import GenerationConfig, WhisperConfig, WhisperFeatureExtractor, WhisperForConditionalGeneration

from tauspeech.models.whisper.family import Whisper

MELS = 80
END, START, CHINESE, TRANSLATE, TRANSCRIBE, NO_TIMESTAMPS = 50257, 50258, 50260, 50358, 50359, 50363


@dataclass(frozen=True)
class Shape:
    """Size of a model; control tokens have the ids of published models if the vocabulary has room for them."""

    name: str
    width: int
    layers: int
    heads: int
    vocabulary: int = 51865
    most_tokens: int = 448
    positions_a_second: int = 50

    def positions(self, window: int) -> int:
        return window * self.positions_a_second


MEDIUM, SMALL = Shape("medium", 1024, 24, 16), Shape("small", 768, 12, 12)
TINY = Shape("tiny", 64, 2, 2, most_tokens=128)


def config_of(shape: Shape, window: int) -> WhisperConfig:
    ends = {"bos_token_id": END, "eos_token_id": END, "pad_token_id": END, "decoder_start_token_id": START}
    return WhisperConfig(
        vocab_size=shape.vocabulary,
        num_mel_bins=MELS,
        d_model=shape.width,
        encoder_layers=shape.layers,
        decoder_layers=shape.layers,
        encoder_attention_heads=shape.heads,
        decoder_attention_heads=shape.heads,
        encoder_ffn_dim=4 * shape.width,
        decoder_ffn_dim=4 * shape.width,
        max_source_positions=shape.positions(window),
        max_target_positions=shape.most_tokens,
        suppress_tokens=None,
        begin_suppress_tokens=None,
        **ends,
    )


def new_whisper(shape: Shape, window: int, device: str, seed: int = 1) -> Whisper:
    """An open model with random weights. Its end token is suppressed, so that all hypotheses have the length asked for."""
    config = config_of(shape, window)
    torch.manual_seed(seed)
    with torch.device(device):
        network = WhisperForConditionalGeneration(config).to(device)
    network.generation_config = GenerationConfig(
        decoder_start_token_id=START,
        bos_token_id=END,
        eos_token_id=END,
        pad_token_id=END,
        is_multilingual=True,
        lang_to_id={"<|zh|>": CHINESE},
        task_to_id={"translate": TRANSLATE, "transcribe": TRANSCRIBE},
        no_timestamps_token_id=NO_TIMESTAMPS,
        suppress_tokens=list(range(END, shape.vocabulary)),
        max_length=shape.most_tokens,
    )
    extractor = WhisperFeatureExtractor(feature_size=MELS, chunk_length=window)
    tokenizer = SimpleNamespace(get_vocab=dict)
    return Whisper(network, SimpleNamespace(feature_extractor=extractor, tokenizer=tokenizer))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Products:
    """FLOPs of the forward pass of one example, by what becomes of them in the backward pass."""

    first_convolution: int
    second_convolution: int
    layers: int
    attention: int
    output: int

    @property
    def forward(self) -> int:
        return self.first_convolution + self.second_convolution + self.layers + self.attention + self.output

    @property
    def full_training(self) -> int:
        return 3 * self.forward - self.first_convolution


def products(shape: Shape, window: int, tokens: int) -> Products:
    positions, width, layers = shape.positions(window), shape.width, shape.layers
    block = 4 * width**2 + 2 * width * 4 * width
    own = 2 * (positions + tokens) * block
    cross = 2 * tokens * 2 * width**2 + 2 * positions * 2 * width**2
    return Products(
        first_convolution=2 * 2 * positions * 3 * MELS * width,
        second_convolution=2 * positions * 3 * width**2,
        layers=layers * (own + cross),
        attention=layers * 4 * width * (positions**2 + tokens**2 + tokens * positions),
        output=2 * tokens * shape.vocabulary * width,
    )


def lora_training(shape: Shape, window: int, tokens: int, rank: int) -> int:
    """FLOPs of a training step for one example, with adapters on all projections of attention."""
    found, positions, width = products(shape, window, tokens), shape.positions(window), shape.width
    # The inputs of the first layers need no gradient, so their queries, keys and values take one product less.
    first = 2 * 3 * width**2 * (positions + tokens)
    adapted = shape.layers * (4 * positions + 4 * tokens + 2 * tokens + 2 * positions)
    adapters = 3 * 2 * (width + width) * rank * adapted
    unread = 2 * rank * width * 3 * (positions + tokens)  # likewise of the adapters' first matrices
    convolutions = found.first_convolution + found.second_convolution
    return convolutions + 2 * (found.layers + found.output) - first + 3 * found.attention + adapters - unread
