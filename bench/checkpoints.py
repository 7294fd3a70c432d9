"""Model folders of Whisper's shape with random weights, and a comparison of two of them.

python bench/checkpoints.py make FOLDER [--quick]      FOLDER/base, FOLDER/ft1, ...
python bench/checkpoints.py compare ONE.safetensors OTHER.safetensors
"""

import argparse
import math
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

TUNED = ("ft1", "ft2", "ft3", "ft4")
SMALL = {
    "d_model": 768,
    "encoder_layers": 12,
    "decoder_layers": 12,
    "encoder_attention_heads": 12,
    "decoder_attention_heads": 12,
    "encoder_ffn_dim": 3072,
    "decoder_ffn_dim": 3072,
    "vocab_size": 51865,
}
QUICK = {
    "d_model": 64,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 256,
    "decoder_ffn_dim": 256,
    "vocab_size": 1000,
}
FIXED = "model.encoder.embed_positions.weight"  # sinusoids, which no fine-tuning of Whisper changes


def make(folder: Path, shape: dict[str, int], tuned: Sequence[str] = TUNED) -> None:
    """Write the base and its fine-tunes one after the other, so that at most two models are in memory."""
    shapes = describe(folder / "base", shape)
    numbers = np.random.default_rng(0)
    weights = {name: 0.03 * numbers.standard_normal(size, dtype=np.float32) for name, size in shapes.items()}
    write(weights, folder / "base")
    for seed, name in enumerate(tuned, start=1):
        numbers = np.random.default_rng(seed)
        weights = load_file(folder / "base" / "model.safetensors")
        for key, size in shapes.items():
            if key != FIXED:
                weights[key] += change(size, numbers)
        shutil.copytree(folder / "base", folder / name, ignore=shutil.ignore_patterns("*.safetensors"))
        write(weights, folder / name)


def describe(folder: Path, shape: dict[str, int]) -> dict[str, tuple[int, ...]]:
    """Write the configuration, and return the shapes of the tensors that transformers stores with it, by name."""
    import torch
    from transformers import GenerationConfig, WhisperConfig, WhisperForConditionalGeneration

    ends = dict.fromkeys(("pad_token_id", "bos_token_id", "eos_token_id", "decoder_start_token_id"), 0)
    config = WhisperConfig(**shape, **ends, architectures=["WhisperForConditionalGeneration"])
    config.save_pretrained(folder)
    GenerationConfig.from_model_config(config).save_pretrained(folder)
    with torch.device("meta"):
        model = WhisperForConditionalGeneration(config)
    # proj_out is the decoder's embedding, and of tied weights one is stored.
    return {name: tuple(tensor.shape) for name, tensor in model.state_dict().items() if name != "proj_out.weight"}


def change(shape: tuple[int, ...], numbers: np.random.Generator) -> np.ndarray:
    """A difference like that of a training: some directions of decaying strength, with smaller noise."""
    noise = 1e-4 * numbers.standard_normal(shape, dtype=np.float32)
    if len(shape) < 2:
        return noise
    rows, columns = shape[0], math.prod(shape[1:])
    rank = min(32, rows, columns)
    strength = np.float32(1e-4) / np.sqrt(np.arange(1, rank + 1, dtype=np.float32))
    left = strength * numbers.standard_normal((rows, rank), dtype=np.float32)
    right = numbers.standard_normal((rank, columns), dtype=np.float32)
    return noise + (left @ right).reshape(shape)


def write(weights: dict[str, np.ndarray], folder: Path) -> None:
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def compare(one: Path, other: Path) -> str:
    """Number of entries that differ and the largest difference, over all tensors."""
    entries, apart, largest = 0, 0, 0.0
    with safe_open(one, framework="np") as ours, safe_open(other, framework="np") as theirs:
        if set(ours.keys()) != set(theirs.keys()):
            return f"other tensors: {sorted(set(ours.keys()) ^ set(theirs.keys()))[:3]}"
        for name in ours.keys():  # noqa: SIM118 (no mapping)
            difference = np.abs(ours.get_tensor(name) - theirs.get_tensor(name))
            entries += difference.size
            apart += int((difference > 1e-6).sum())
            largest = max(largest, float(difference.max(initial=0)))
    return f"{apart} of {entries} entries differ by more than 1e-6, the largest difference is {largest:.1e}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("make")
    making.add_argument("folder", type=Path)
    making.add_argument("--quick", action="store_true", help="a tiny shape")
    comparing = commands.add_parser("compare")
    comparing.add_argument("one", type=Path)
    comparing.add_argument("other", type=Path)
    arguments = parser.parse_args()
    if arguments.command == "make":
        make(arguments.folder, QUICK if arguments.quick else SMALL)
    else:
        print(compare(arguments.one, arguments.other))


if __name__ == "__main__":
    main()
