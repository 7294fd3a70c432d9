"""``tauspeech convert``: convert weights from pickle to safetensors, and centres of units to arrays of numpy."""

import argparse
from pathlib import Path

from tauspeech.commands.common import add_command

_EXAMPLES = """\
examples:
    tauspeech convert my-whisper            # pytorch_model.bin, in shards or whole, becomes model.safetensors beside it
    tauspeech convert my-lora-adapter       # adapter_model.bin becomes adapter_model.safetensors
    tauspeech convert weights.pth           # weights.safetensors
    tauspeech convert hubert_km500.bin      # hubert_km500.npy, for `tauspeech expand --centres`

The file must contain a state dict, or a k-means of scikit-learn. No code in it is run: a state dict is opened with torch's
weights_only, and of a k-means nothing but numbers and arrays is read. The old file is not removed.
"""


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        subparsers,
        "convert",
        run,
        help="convert weights from pickle (.bin, .pt, .pth) to safetensors, and k-means to .npy",
        description="Write the weights or centres of a pickled file in a format that holds no code, beside that file.",
        examples=_EXAMPLES,
    )
    parser.add_argument("path", type=Path, metavar="PATH", help="the file, or the folder of a model or adapter")


def run(args: argparse.Namespace) -> None:
    from tauspeech.data.pickles import convert
    from tauspeech.models.units.published import convert_centres, is_pickled_kmeans

    target = convert_centres(args.path) if is_pickled_kmeans(args.path) else convert(args.path)
    print(f"{target}: {target.stat().st_size / 1e6:.1f} MB")
