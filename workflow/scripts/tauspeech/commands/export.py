"""``tauspeech export``: convert a model for faster-whisper or whisper.cpp, or write its LoRA adapter for PEFT."""

import argparse
import os
import sys
from pathlib import Path

from tauspeech.commands.common import add_command

_EXAMPLES = """\
examples:
    tauspeech export merged/ --to faster-whisper -o merged-ct2
    tauspeech export merged/ --to whisper.cpp --whisper-cpp ~/whisper.cpp -o merged-ggml
    tauspeech export results/mine/merged/first4--ta --to peft -o my-adapter

faster-whisper needs `pip install 'ctranslate2>=4.7.0'`; whisper.cpp needs a checkout of its sources, given by
--whisper-cpp or the variable WHISPER_CPP. peft writes the LoRA adapter of a fine-tune by LoRA, or of a weighted sum of
such, as the workflow has made it.

Models that were fine-tuned without timestamps, as those of this project, should be used without them: pass
without_timestamps=True to faster-whisper's transcribe(), or --no-timestamps to whisper-cli.
"""


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        subparsers,
        "export",
        run,
        help="convert a model for faster-whisper, whisper.cpp or PEFT",
        description="Write a Whisper model in the format of faster-whisper or whisper.cpp, or the LoRA adapter of any model.",
        examples=_EXAMPLES,
    )
    parser.add_argument("model", metavar="MODEL", help="folder or hub id of a model")
    parser.add_argument("--to", required=True, choices=("faster-whisper", "whisper.cpp", "peft"))
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER", help="new or empty folder")
    parser.add_argument(
        "--quantization",
        metavar="TYPE",
        help="faster-whisper: float16 (default), int8, int8_float16, float32, ...; whisper.cpp: f16, which its own "
        "whisper-quantize converts to smaller types",
    )
    parser.add_argument("--whisper-cpp", type=Path, metavar="FOLDER", help="checkout of whisper.cpp")


def run(args: argparse.Namespace) -> None:
    from tauspeech.models.folder import find_model, quiet
    from tauspeech.vectors.lora.exporting import export_adapter

    quiet()
    folder = find_model(args.model)
    if args.to == "peft":
        export_adapter(folder, args.output)
    else:
        _convert(folder, args)
    size = sum(file.stat().st_size for file in args.output.rglob("*") if file.is_file())
    print(f"{args.output}: {args.to}, {size / 2**20:.1f} MiB")
    stored = args.quantization or {"faster-whisper": "float16", "whisper.cpp": "f16"}.get(args.to, "float32")
    if args.to != "peft" and stored != "float32":
        exact = "; --quantization float32 keeps them" if args.to == "faster-whisper" else ""
        print(f"Weights were rounded to {stored}, in which small changes of a merge may be lost{exact}.")


def _convert(folder: Path, args: argparse.Namespace) -> None:
    from tauspeech.models.export import export_model, incompatibility

    checkout = args.whisper_cpp or os.environ.get("WHISPER_CPP")
    if warning := incompatibility(folder):
        print(f"tauspeech export: warning: {warning}", file=sys.stderr)
    export_model(folder, args.to, args.output, args.quantization, Path(checkout).expanduser() if checkout else None)
