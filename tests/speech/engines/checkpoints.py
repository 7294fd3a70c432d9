"""Small checkpoints with random weights, in the files that the published ones have."""

import io
import json

import numpy as np
import sentencepiece
import torch
from transformers import (
    BarkConfig,
    BarkModel,
    BertTokenizer,
    EncodecConfig,
    SpeechT5Config,
    SpeechT5ForTextToSpeech,
    SpeechT5HifiGan,
    SpeechT5HifiGanConfig,
    SpeechT5Tokenizer,
    VitsConfig,
    VitsModel,
    VitsTokenizer,
)
from transformers.models.bark.generation_configuration_bark import (
    BarkCoarseGenerationConfig,
    BarkFineGenerationConfig,
    BarkSemanticGenerationConfig,
)

LETTERS = "abcdefghijklmnopqrstuvwxyz"
PRESETS = ["v2/en_speaker_0", "v2/de_speaker_1"]


def vits(folder, speakers=1, **reading):
    """Reading is what the tokenizer does: phonemize, is_uroman, normalize, add_blank."""
    folder.mkdir()
    torch.manual_seed(0)
    vocabulary = {letter: number for number, letter in enumerate(f" {LETTERS}'")}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    reading = {"phonemize": False, "language": "eng", "pad_token": " "} | reading
    VitsTokenizer(str(folder / "vocab.json"), **reading).save_pretrained(folder)
    config = VitsConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        ffn_dim=16,
        flow_size=16,
        spectrogram_bins=9,
        posterior_encoder_num_wavenet_layers=1,
        prior_encoder_num_flows=1,
        prior_encoder_num_wavenet_layers=1,
        upsample_initial_channel=16,
        upsample_rates=[4, 4],
        upsample_kernel_sizes=[8, 8],
        resblock_kernel_sizes=[3],
        resblock_dilation_sizes=[[1]],
        depth_separable_num_layers=1,
        duration_predictor_num_flows=1,
        duration_predictor_flow_bins=3,
        num_speakers=speakers,
        speaker_embedding_size=8 if speakers > 1 else 0,
    )
    VitsModel(config).save_pretrained(folder)
    return folder


def speecht5(folder):
    folder.mkdir()
    torch.manual_seed(0)
    pieces = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["the quick brown fox jumps over the lazy dog", "hello world's end, twelve."]),
        model_writer=pieces,
        model_type="char",
        vocab_size=40,
        hard_vocab_limit=False,
        bos_id=0,
        pad_id=1,
        eos_id=2,
        unk_id=3,
        minloglevel=2,
    )
    (folder / "spm_char.model").write_bytes(pieces.getvalue())
    tokenizer = SpeechT5Tokenizer(str(folder / "spm_char.model"))
    tokenizer.save_pretrained(folder)
    config = SpeechT5Config(
        vocab_size=len(tokenizer),
        hidden_size=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        num_mel_bins=8,
        speech_decoder_prenet_units=8,
        speech_decoder_postnet_units=8,
        speech_decoder_postnet_layers=2,
        max_text_positions=40,
        max_speech_positions=800,
        speaker_embedding_dim=512,
    )
    model = SpeechT5ForTextToSpeech(config)
    with torch.no_grad():
        model.speech_decoder_postnet.prob_out.bias.fill_(-20.0)  # goes on to the greatest length
    model.save_pretrained(folder)
    return folder


def vocoder(folder):
    torch.manual_seed(0)
    config = SpeechT5HifiGanConfig(
        model_in_dim=8,
        upsample_initial_channel=8,
        upsample_rates=[4, 4],
        upsample_kernel_sizes=[8, 8],
        resblock_kernel_sizes=[3],
        resblock_dilation_sizes=[[1]],
    )
    SpeechT5HifiGan(config).save_pretrained(folder)
    # What the published one calls itself; transformers 5 has another name for it.
    saved = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps(saved | {"model_type": "hifigan"}), encoding="utf-8")
    return folder


def bark(folder, presets=True):
    folder.mkdir()
    torch.manual_seed(0)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *LETTERS, *(f"##{letter}" for letter in LETTERS)]
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    size = {"num_layers": 1, "num_heads": 2, "hidden_size": 16}
    codec = EncodecConfig(
        num_filters=4,
        hidden_size=16,
        codebook_size=16,
        codebook_dim=16,
        upsampling_ratios=[4, 2],
        num_lstm_layers=1,
        target_bandwidths=[96.0],  # eight codebooks of 16 entries, 3000 times a second
    )
    config = BarkConfig(
        semantic_config={"block_size": 64, "input_vocab_size": 200, "output_vocab_size": 32} | size,
        coarse_acoustics_config={"block_size": 96, "input_vocab_size": 80, "output_vocab_size": 80} | size,
        fine_acoustics_config={"block_size": 64, "input_vocab_size": 17, "output_vocab_size": 17} | size,
        codec_config=codec.to_dict(),
    )
    model = BarkModel(config)
    with torch.no_grad():
        # As they are, every token is as likely as any other, whatever the text or the voice.
        for network in (model.semantic, model.coarse_acoustics, model.fine_acoustics):
            for weight in network.parameters():
                weight.mul_(20 if weight.ndim > 1 else 1)
    model.save_pretrained(folder)
    (folder / "generation_config.json").write_text(json.dumps(_drawing()), encoding="utf-8")
    if presets:
        _write_presets(folder)
    return folder


def _drawing():
    """A generation config with one inside for each of the three models, as the published one has."""
    semantic = BarkSemanticGenerationConfig(
        eos_token_id=20,
        max_new_tokens=24,
        text_encoding_offset=40,
        text_pad_token=150,
        semantic_infer_token=160,
        semantic_vocab_size=20,
        max_input_semantic_length=16,
    )
    coarse = BarkCoarseGenerationConfig(
        coarse_semantic_pad_token=60,
        coarse_infer_token=61,
        max_coarse_input_length=16,
        max_coarse_history=24,
        sliding_window_len=12,
    )
    fine = BarkFineGenerationConfig(temperature=0.5, max_fine_history_length=16, max_fine_input_length=32)
    return {
        "model_type": "bark",
        "sample_rate": 24_000,
        "codebook_size": 16,
        "semantic_config": semantic.to_dict(),
        "coarse_acoustics_config": coarse.to_dict(),
        "fine_acoustics_config": fine.to_dict(),
    }


def _write_presets(folder):
    lot = np.random.default_rng(0)
    (folder / "speaker_embeddings" / "v2").mkdir(parents=True)
    table = {"repo_or_path": "suno/bark"}
    for name in PRESETS:
        table[name] = {}
        for part, shape, size in (("semantic", 9, 20), ("coarse", (2, 12), 16), ("fine", (8, 12), 16)):
            table[name][f"{part}_prompt"] = f"speaker_embeddings/{name}_{part}_prompt.npy"
            np.save(folder / table[name][f"{part}_prompt"], lot.integers(0, size, shape))
    (folder / "speaker_embeddings_path.json").write_text(json.dumps(table), encoding="utf-8")
