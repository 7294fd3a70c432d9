"""``tauspeech convert``: convert weights from pickle to safetensors, the only format that is read."""

import argparse
from pathlib import Path

from tauspeech.commands.common import add_command

_EXAMPLES = """\
examples:
    tauspeech convert my-whisper            # pytorch_model.bin, in shards or whole, becomes model.safetensors beside it
    tauspeech convert my-lora-adapter       # adapter_model.bin becomes adapter_model.safetensors
    tauspeech convert weights.pth           # weights.safetensors

The file must contain a state dict. It is opened with torch's weights_only, so that no code in it is run; still, convert
only files that you trust. The old file is not removed.
"""


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        subparsers,
        "convert",
        run,
        help="convert weights from pickle (.bin, .pt, .pth) to safetensors",
        description="Write weights of a file of torch.save as safetensors, beside that file.",
        examples=_EXAMPLES,
    )
    parser.add_argument("path", type=Path, metavar="PATH", help="the file, or the folder of a model or adapter")


def run(args: argparse.Namespace) -> None:
    from tauspeech.data.pickles import convert

    target = convert(args.path)
    print(f"{target}: {target.stat().st_size / 1e6:.1f} MB")
