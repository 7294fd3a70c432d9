"""A tiny random Qwen2-Audio in the files and with the tensor names of the published one."""

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    PreTrainedTokenizerFast,
    Qwen2AudioConfig,
    Qwen2AudioForConditionalGeneration,
    Qwen2AudioProcessor,
    WhisperFeatureExtractor,
)

from tests.models.speech_llm.small import SENTENCES

SECONDS = 2  # of the audio encoder's window
CONTROL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|AUDIO|>", "<|audio_bos|>", "<|audio_eos|>"]


def tokenizer():
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    bpe.train_from_iterator(SENTENCES, trainer)
    bpe.add_special_tokens([AddedToken(each, special=True, normalized=False) for each in CONTROL])
    return PreTrainedTokenizerFast(tokenizer_object=bpe, eos_token="<|endoftext|>", pad_token="<|endoftext|>")


def audio_llm(folder):
    tokens = tokenizer()
    extractor = WhisperFeatureExtractor(feature_size=16, chunk_length=SECONDS)
    audio = {
        "num_mel_bins": 16, "encoder_layers": 1, "encoder_attention_heads": 2, "encoder_ffn_dim": 32, "d_model": 16,
        "max_source_positions": SECONDS * 50,
    }  # fmt: skip
    text = {
        "model_type": "qwen2", "vocab_size": len(tokens), "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 512, "bos_token_id": None, "initializer_range": 0.4,
        "eos_token_id": tokens.convert_tokens_to_ids("<|im_end|>"),
    }  # fmt: skip
    torch.manual_seed(1)
    config = Qwen2AudioConfig(
        audio_config=audio, text_config=text, audio_token_index=tokens.convert_tokens_to_ids("<|AUDIO|>")
    )
    Qwen2AudioForConditionalGeneration(config).save_pretrained(folder)
    Qwen2AudioProcessor(extractor, tokens).save_pretrained(folder)
    return folder
