"""Untrained conformers with CTC: Parakeet's classes and files, with characters, at a size that a laptop can train."""

import unicodedata
from collections.abc import Iterable

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    ParakeetCTCConfig,
    ParakeetEncoderConfig,
    ParakeetFeatureExtractor,
    ParakeetForCTC,
    ParakeetTokenizer,
)

from tauspeech.data.audio import RATE
from tauspeech.models.ctc.family import CTCModel
from tauspeech.models.ctc.preparation import prepare
from tauspeech.models.foundation_sizes import FoundationSize

UNKNOWN, BLANK = "<unk>", "<pad>"
MELS = 80
HOP = 160  # samples
SUBSAMPLING = 2  # frames of 20 ms, as many as fast speech has characters and blanks between equal ones
CHANNELS = 32  # of the convolution that subsamples
KERNEL = 15  # frames of a conformer's convolution


def _tokenizer(texts: Iterable[str]) -> ParakeetTokenizer:
    """Lower-case letters, digits and apostrophes of the texts, each a label, with SentencePiece's sign for a space."""
    seen = {each for text in texts for each in unicodedata.normalize("NFC", text.lower())}
    characters = sorted(each for each in seen if each.isalnum() or each == "'")
    vocabulary = {token: id for id, token in enumerate([UNKNOWN, "▁", *characters, BLANK])}
    pieces = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token=UNKNOWN))
    pieces.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never")
    pieces.decoder = decoders.Metaspace(prepend_scheme="never")
    return ParakeetTokenizer(tokenizer_object=pieces, unk_token=UNKNOWN, pad_token=BLANK)


def new_model(texts: Iterable[str], size: FoundationSize, seed: int) -> CTCModel:
    """An untrained model whose labels are the characters of the texts."""
    tokenizer = _tokenizer(texts)
    extractor = ParakeetFeatureExtractor(feature_size=MELS, hop_length=HOP)
    encoder = ParakeetEncoderConfig(
        hidden_size=size.width,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        intermediate_size=4 * size.width,
        conv_kernel_size=KERNEL,
        subsampling_factor=SUBSAMPLING,
        subsampling_conv_channels=CHANNELS,
        num_mel_bins=MELS,
        layerdrop=0.0,
        max_position_embeddings=size.seconds * RATE // HOP // SUBSAMPLING + 1,
    )
    torch.manual_seed(seed)
    blank = tokenizer.convert_tokens_to_ids(BLANK)
    config = ParakeetCTCConfig(vocab_size=len(tokenizer), pad_token_id=blank, encoder_config=encoder.to_dict())
    network = ParakeetForCTC(config)
    prepare(network, ())
    return CTCModel(network, extractor, tokenizer)
