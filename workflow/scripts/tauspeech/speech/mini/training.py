"""Training of the mini voice: a small SpeedySpeech whose durations come from espeak-ng, so that it needs no aligner."""

import json
import random
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from trainer import Trainer, TrainerArgs
from TTS.config.shared_configs import BaseAudioConfig
from TTS.tts.configs.forward_tts_config import ForwardTTSArgs
from TTS.tts.configs.shared_configs import CharactersConfig
from TTS.tts.configs.speedy_speech_config import SpeedySpeechConfig
from TTS.tts.models.forward_tts import ForwardTTS

from tauspeech.data.audio import RATE, resample
from tauspeech.speech.children import one_child_each
from tauspeech.speech.mini.front_end import synthesise_with_phonemes
from tauspeech.speech.mini.symbols import Symbols, Timed

HOP = 160
_MODEL = ForwardTTSArgs(
    hidden_channels=96,
    out_channels=80,
    use_aligner=False,
    use_pitch=False,
    encoder_type="residual_conv_bn",
    encoder_params={"kernel_size": 4, "dilations": 2 * [1, 2, 4] + [1], "num_conv_blocks": 2, "num_res_blocks": 7},
    decoder_type="residual_conv_bn",
    decoder_params={"kernel_size": 4, "dilations": 2 * [1, 2, 4, 8] + [1], "num_conv_blocks": 2, "num_res_blocks": 9},
    duration_predictor_hidden_channels=96,
    positional_encoding=True,
    detach_duration_predictor=True,
)


@dataclass(frozen=True)
class Line:
    """A training sentence and its speaker."""

    text: str
    speaker: str
    voice: str
    language: str


@dataclass(frozen=True)
class AlignedLine:
    """A training sentence with espeak-ng's audio and phonemes."""

    line: Line
    samples: np.ndarray  # 16 kHz
    phonemes: list[Timed]
    rate: int  # sampling rate of the phonemes' starts


class MiniVoice(ForwardTTS):
    """SpeedySpeech with durations by file name: Coqui's dataset, which uses attention masks, mixes them up in a batch."""

    durations: dict[str, list[int]]

    def format_batch(self, batch: dict[str, Any]) -> dict[str, Any]:
        formatted = super().format_batch(batch)
        durations = torch.zeros(formatted["text_input"].shape)
        for row, file in enumerate(batch["item_idxs"]):
            lengths = self.durations[file]
            durations[row, : len(lengths)] = torch.tensor(lengths, dtype=torch.float)
        return formatted | {"durations": durations}


def _align(line: Line) -> AlignedLine:
    output, phonemes = synthesise_with_phonemes(line.text, line.voice, line.language)
    return AlignedLine(line, resample(output.samples, output.rate), phonemes, output.rate)


def frames(line: AlignedLine) -> list[int]:
    """Duration of each phoneme in frames: at least one each, in total the length of the spectrogram."""
    total = len(line.samples) // HOP + 1
    starts = [round(each.start * RATE / line.rate / HOP) for each in line.phonemes]
    ends = [*starts[1:], total]
    lengths = [max(1, end - start) for start, end in zip(starts, ends, strict=True)]
    while (surplus := sum(lengths) - total) != 0:
        longest = max(range(len(lengths)), key=lengths.__getitem__)
        lengths[longest] -= max(1, min(surplus, lengths[longest] // 2)) if surplus > 0 else surplus
    return lengths


def train_voice(
    lines: Iterable[Line], speakers: dict[str, Any], steps: int, seed: int, work: Path, folder: Path
) -> None:
    """Train the voice and write it to ``folder``: config.json and model.pth for Coqui, voice.json for the front end."""
    aligned = [each for each in one_child_each(_align, lines, 1) if each.phonemes]
    symbols = Symbols(sorted({each.symbol for line in aligned for each in line.phonemes}))
    samples, durations = _write_samples(aligned, symbols, work)
    config = _config(symbols, sorted(speakers), len(samples), steps, work)
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    model = MiniVoice(config)
    model.durations = durations
    print(f"{sum(each.numel() for each in model.parameters()):,} parameters, {len(samples):,} utterances", flush=True)
    arguments = TrainerArgs(gpu=0 if torch.cuda.is_available() else None)
    trainer = Trainer(arguments, config, str(work / "run"), model=model, train_samples=samples, eval_samples=[])
    trainer.fit()
    _save(model, config, symbols, speakers, folder)


def _write_samples(
    aligned: list[AlignedLine], symbols: Symbols, work: Path
) -> tuple[list[dict[str, Any]], dict[str, list[int]]]:
    samples, durations = [], {}
    for number, each in enumerate(aligned):
        file = str(work / f"{number:05d}.wav")
        soundfile.write(file, each.samples, RATE, subtype="PCM_16")
        durations[file] = frames(each)
        samples.append(
            {
                "text": symbols.text([phoneme.symbol for phoneme in each.phonemes]),
                "audio_file": file,
                "speaker_name": each.line.speaker,
                "language": "",
                "audio_unique_name": f"{number:05d}",
                "root_path": str(work),
            }
        )
    return samples, durations


def _config(symbols: Symbols, speakers: list[str], utterances: int, steps: int, work: Path) -> SpeedySpeechConfig:
    batch = 16
    audio = BaseAudioConfig(
        sample_rate=RATE, fft_size=1024, win_length=640, hop_length=HOP, num_mels=80, mel_fmin=0, mel_fmax=RATE // 2,
        do_trim_silence=False, resample=False, griffin_lim_iters=40, power=1.3,
    )  # fmt: skip
    # Not "is_unique": Coqui would number the characters in the order of a set, which differs between processes.
    characters = CharactersConfig(
        characters_class="TTS.tts.utils.text.characters.Graphemes", pad="\uf8f0", eos="\uf8f1", bos="\uf8f2",
        blank="\uf8f3", characters=symbols.characters, punctuations="", is_unique=False, is_sorted=False,
    )  # fmt: skip
    return SpeedySpeechConfig(
        model_args=_MODEL, audio=audio, characters=characters, text_cleaner=None, use_phonemes=False,
        use_speaker_embedding=True, speakers=speakers,
        batch_size=batch, epochs=max(1, round(steps / (utterances // batch))), run_eval=False, drop_last=True,
        num_loader_workers=0, num_eval_loader_workers=0, shuffle=True, batch_group_size=0,
        optimizer="Adam", optimizer_params={"betas": [0.9, 0.998], "weight_decay": 0.0}, grad_clip=1.0,
        lr=1e-3, lr_scheduler="OneCycleLR", scheduler_after_epoch=False,
        lr_scheduler_params={"max_lr": 2e-3, "total_steps": steps + utterances, "pct_start": 0.1},
        min_audio_len=0, max_audio_len=20 * RATE, min_text_len=0, max_text_len=1000,
        test_sentences=[], save_step=10**9, save_checkpoints=False, save_best_after=10**9, print_step=100,
        output_path=str(work),
    )  # fmt: skip


def _save(
    model: MiniVoice, config: SpeedySpeechConfig, symbols: Symbols, speakers: dict[str, Any], folder: Path
) -> None:
    # The config contains the speakers; files of the training do not exist when the voice is used.
    config.output_path = ""
    config.speakers_file = config.model_args.speakers_file = None
    config.save_json(str(folder / "config.json"))
    # float16 halves the size; Coqui's loader converts to float32.
    torch.save({"model": model.eval().cpu().half().state_dict()}, folder / "model.pth")
    description = {"symbols": symbols.names, "speakers": speakers}
    (folder / "voice.json").write_text(json.dumps(description, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
