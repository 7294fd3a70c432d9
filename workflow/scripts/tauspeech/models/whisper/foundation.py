"""Untrained Whisper models: the real classes, files and tokens at a size that a laptop can train."""

import json
from collections.abc import Iterable
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    GenerationConfig,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperProcessor,
    WhisperTokenizer,
)
from transformers.models.whisper.tokenization_whisper import LANGUAGES

from tauspeech.models.foundation_sizes import FoundationSize
from tauspeech.models.whisper.family import Whisper

END, START = "<|endoftext|>", "<|startoftranscript|>"
# Whisper's tokenizer computes language ids by counting from the start token, so all languages stand here in order.
CONTROL = [
    END,
    START,
    *(f"<|{code}|>" for code in LANGUAGES),
    "<|translate|>",
    "<|transcribe|>",
    "<|startoflm|>",
    "<|startofprev|>",
    "<|nospeech|>",
    "<|notimestamps|>",
]
MELS = 80
HOP = 400  # samples: 2.5 times Whisper's, which is enough for clear speech


def _tokenizer(texts: Iterable[str], size: FoundationSize) -> WhisperTokenizer:
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size.tokens, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    bpe.train_from_iterator(texts, trainer)
    trained = json.loads(bpe.to_str())["model"]
    merges = [tuple(pair) for pair in trained["merges"]]
    ends = {"unk_token": END, "bos_token": END, "eos_token": END, "pad_token": END}
    tokenizer = WhisperTokenizer(vocab=trained["vocab"], merges=merges, **ends)
    tokenizer.add_special_tokens({"additional_special_tokens": CONTROL})
    return tokenizer


def build_processor(texts: Iterable[str], size: FoundationSize) -> WhisperProcessor:
    extractor = WhisperFeatureExtractor(feature_size=MELS, hop_length=HOP, n_fft=512, chunk_length=size.seconds)
    return WhisperProcessor(extractor, _tokenizer(texts, size))


class JointWhisper(WhisperForConditionalGeneration):
    """A Whisper in training with a second loss: CTC of the text's tokens on the encoder's output.

    By attention alone a small model learns which texts are likely long before it learns which speech they belong to; CTC
    aligns both from the beginning (Kim et al., "Joint CTC-attention based end-to-end speech recognition", 2017).
    """

    ctc_weight = 0.0

    def add_head(self, tokens: int, weight: float) -> None:
        """``tokens`` is the number of those that are text; the next one is the blank."""
        self.ctc_weight, self.blank = weight, tokens
        self.ctc_head = torch.nn.Linear(self.config.d_model, tokens + 1)

    def forward(self, *args: Any, labels: torch.Tensor | None = None, **kwargs: Any) -> Any:
        output = super().forward(*args, labels=labels, **kwargs)
        if labels is not None and self.training:
            output.loss = output.loss + self.ctc_weight * self._ctc_loss(output.encoder_last_hidden_state, labels)
        return output

    def _ctc_loss(self, states: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        scores = self.ctc_head(states).float().log_softmax(-1).transpose(0, 1)
        text = (labels >= 0) & (labels < self.blank)  # without padding and control tokens
        frames = torch.full((len(labels),), len(scores))
        return torch.nn.functional.ctc_loss(
            scores, labels[text], frames, text.sum(1), blank=self.blank, zero_infinity=True
        )


def with_ctc_loss(model: Whisper, weight: float) -> None:
    """Add a CTC loss on the encoder's output to a model's training; the sum is attention's loss plus ``weight`` times it."""
    model.network.__class__ = JointWhisper
    model.network.add_head(
        model.processor.tokenizer.convert_tokens_to_ids(END), weight
    )  # control tokens follow the text's


def without_ctc_loss(model: Whisper) -> None:
    """Make a trained model one of the plain class again, without what the second loss needed."""
    del model.network.ctc_head
    model.network.__class__ = WhisperForConditionalGeneration


def new_model(texts: Iterable[str], size: FoundationSize, seed: int) -> Whisper:
    """An untrained model whose tokenizer is made for the texts."""
    processor = build_processor(texts, size)
    return Whisper(build_network(processor, size, seed), processor)


def build_network(processor: WhisperProcessor, size: FoundationSize, seed: int) -> WhisperForConditionalGeneration:
    tokenizer = processor.tokenizer
    ids = {token: tokenizer.convert_tokens_to_ids(token) for token in CONTROL}
    ends = {"bos_token_id": ids[END], "eos_token_id": ids[END], "pad_token_id": ids[END]}
    torch.manual_seed(seed)
    model = WhisperForConditionalGeneration(
        WhisperConfig(
            vocab_size=len(tokenizer),
            num_mel_bins=MELS,
            d_model=size.width,
            encoder_layers=size.layers,
            decoder_layers=size.layers,
            encoder_attention_heads=size.heads,
            decoder_attention_heads=size.heads,
            encoder_ffn_dim=4 * size.width,
            decoder_ffn_dim=4 * size.width,
            max_source_positions=size.seconds * 16_000 // HOP // 2,
            max_target_positions=size.longest_text,
            decoder_start_token_id=ids[START],
            suppress_tokens=None,
            begin_suppress_tokens=None,
            **ends,
        )
    )
    # A fresh object: the one that the model made of its configuration would lose these fields on reload.
    model.generation_config = GenerationConfig(
        decoder_start_token_id=ids[START],
        is_multilingual=True,
        lang_to_id={f"<|{code}|>": ids[f"<|{code}|>"] for code in LANGUAGES},
        task_to_id={"transcribe": ids["<|transcribe|>"], "translate": ids["<|translate|>"]},
        no_timestamps_token_id=ids["<|notimestamps|>"],
        prev_sot_token_id=ids["<|startofprev|>"],
        suppress_tokens=sorted(set(ids.values()) - {ids[END]}),
        begin_suppress_tokens=[ids[END]],
        max_length=size.longest_text,
        **ends,
    )
    return model
