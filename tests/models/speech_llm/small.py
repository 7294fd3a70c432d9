"""A tiny random LLaMA with units of the bundled English encoder, in files as real models have them."""

from functools import cache

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from tauspeech.models.speech_llm.expansion import expand
from tauspeech.models.units.extractor import UnitExtractor
from tauspeech.models.units.frames import open_frames
from tauspeech.models.units.kmeans import fit
from tauspeech.runtime.paths import FOUNDATIONS

ENCODER = "foundation/english-tiny"
UNITS = 16
SENTENCES = ["turn on the light", "play some music", "what time is it", "stop the alarm", "schalte das Licht an", "spiele Musik",
             "wie spät ist es", "allume la lumière"]  # fmt: skip


def speech(number, seconds=1.0):
    """Different sounds, each a row of tones, which have different units."""
    generator, time = np.random.default_rng(number), np.arange(1600) / 16_000
    parts = [
        sum(np.sin(2 * np.pi * pitch * time) for pitch in generator.uniform(100, 4000, 5))
        for _ in range(round(10 * seconds))
    ]
    return (0.05 * np.concatenate(parts)).astype(np.float32)


@cache
def extractor(encoder=ENCODER, layer=-1):
    frames = open_frames(FOUNDATIONS / "english-tiny", layer)
    found = np.concatenate([frames.frames(speech(number)) for number in range(20)])
    return UnitExtractor(encoder, layer, fit(found, UNITS, seed=1, rounds=20))


def text_model(folder, tied=True):
    """A LLaMA of text alone."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<s>", "</s>"],
        show_progress=False,
    )
    bpe.train_from_iterator(SENTENCES, trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bpe, bos_token="<s>", eos_token="</s>", pad_token="</s>")
    torch.manual_seed(1)
    network = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
            num_key_value_heads=2, max_position_embeddings=512, tie_word_embeddings=tied, bos_token_id=0, eos_token_id=1, pad_token_id=1,
        )
    )  # fmt: skip
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def speech_llm(folder, tied=True):
    text = text_model(folder / "text", tied)
    expand(text, extractor(), ["de", "en", "fr"], folder / "speech", seed=1)
    return folder / "speech"
