"""``tauspeech convert``: weights from pickle to safetensors, the only format that is read."""

import argparse
from pathlib import Path

from tauspeech.commands.common import add_command

_EXAMPLES = """\
examples:
    tauspeech convert my-whisper            # pytorch_model.bin, in shards or whole, becomes model.safetensors beside it
    tauspeech convert my-lora-adapter       # adapter_model.bin becomes adapter_model.safetensors
    tauspeech convert weights.pth           # weights.safetensors

The file has to hold a state dict. It is opened with torch's weights_only, so that no code in it is run; still, convert
only what you trust. The old file stays.
"""


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        subparsers,
        "convert",
        run,
        help="weights from pickle (.bin, .pt, .pth) to safetensors",
        description="Write weights that torch.save wrote as safetensors, beside them.",
        examples=_EXAMPLES,
    )
    parser.add_argument("path", type=Path, metavar="PATH", help="the file, or the folder of a model or adapter")


def run(args: argparse.Namespace) -> None:
    from tauspeech.data.pickles import convert

    target = convert(args.path)
    print(f"{target}: {target.stat().st_size / 1e6:.1f} MB")
