"""Untrained speech LLMs: LLaMA's classes and files, with units, at a size that a laptop can train."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from tauspeech.models.dialogue.instructions import INSTRUCTIONS, language_name
from tauspeech.models.dialogue.tokens import added_tokens
from tauspeech.models.foundation_sizes import FoundationSize
from tauspeech.models.speech_llm.family import SpeechLLM
from tauspeech.models.units.extractor import open_extractor

START, END = "<s>", "</s>"


def new_model(
    texts: Iterable[str], size: FoundationSize, seed: int, *, languages: Sequence[str], units: Path
) -> SpeechLLM:
    """An untrained model whose text tokens are of the texts and of the instructions."""
    extractor = open_extractor(units)
    tokenizer = _tokenizer([*texts, *_instructions(languages)], size)
    tokenizer.add_tokens(added_tokens(extractor.count, list(languages)), special_tokens=True)
    ids = {name: tokenizer.convert_tokens_to_ids(token) for name, token in (("bos", START), ("eos", END), ("pad", END))}
    torch.manual_seed(seed)
    network = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=size.width,
            intermediate_size=5 * size.width // 2,
            num_hidden_layers=size.layers,
            num_attention_heads=size.heads,
            num_key_value_heads=size.heads,
            max_position_embeddings=size.longest_text,
            tie_word_embeddings=True,
            **{f"{name}_token_id": id for name, id in ids.items()},
        )
    )
    return SpeechLLM(network, tokenizer, extractor)


def _instructions(languages: Sequence[str]) -> list[str]:
    names = [language_name(language) for language in languages]
    sentences = {sentence for found in INSTRUCTIONS.values() for sentence in found}
    return [
        sentence.format(source=one, target=other) for sentence in sorted(sentences) for one in names for other in names
    ]


def _tokenizer(texts: Iterable[str], size: FoundationSize) -> PreTrainedTokenizerFast:
    """Byte-level BPE, so that every text has tokens."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size.tokens,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        special_tokens=[START, END],
        show_progress=False,
    )
    bpe.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=bpe, bos_token=START, eos_token=END, pad_token=END)
