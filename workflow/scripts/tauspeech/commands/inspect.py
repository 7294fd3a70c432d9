"""``tauspeech inspect``: measure and compare vectors, and verify merged models."""

import argparse
import json
import sys
from pathlib import Path

from tauspeech.commands.common import add_command, add_threads, execution

_EXAMPLES = """\
examples:
    tauspeech inspect mine.safetensors                                  # size, origin, norms of modules, zeros
    tauspeech inspect a.safetensors b.safetensors --figure cosines.svg  # and their cosines
    tauspeech inspect finetuned-a lora-b --base openai/whisper-small    # folders, minus their base
    tauspeech inspect mine.safetensors --ranks                          # and the energy of the highest singular values
    tauspeech inspect --verify merged                                   # compare it with its receipt

share is a module's fraction of the squared norm. Cosines are computed over the tensors that both vectors have. Rank
energy is the fraction of squared singular values in the highest 1%, 3% and 10% of them, over all matrices.
"""


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        subparsers,
        "inspect",
        run,
        help="measure and compare task vectors, verify merged models",
        description="Print size, origin, norms, zeros and rank of vectors, and the cosines of several vectors.",
        examples=_EXAMPLES,
    )
    parser.add_argument("paths", nargs="+", metavar="VECTOR", help="a vector file, or a model's or adapter's folder")
    parser.add_argument(
        "--base", metavar="BASE", help="folder or hub id of the base, needed for folders of models and adapters"
    )
    parser.add_argument("--ranks", action="store_true", help="print the rank energy (slow)")
    parser.add_argument("--figure", type=Path, metavar="FILE", help="draw the cosines as a heat map, .svg or .png")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    parser.add_argument("--verify", action="store_true", help="compare folders of merged models with their receipts")
    add_threads(parser)


def run(args: argparse.Namespace) -> None:
    if args.verify:
        _verify(args)
        return
    from tauspeech.vectors.inspection.figure import draw, refuse_unfit
    from tauspeech.vectors.inspection.numbers import inspect, opened
    from tauspeech.vectors.inspection.text import as_text

    if args.figure:
        refuse_unfit(args.figure, len(args.paths))
    report = inspect(opened(args.paths, args.base, execution(args)), execution(args), args.ranks)
    for warning in report["warnings"]:
        print(f"tauspeech inspect: {warning}", file=sys.stderr)
    print(json.dumps(report, ensure_ascii=False, indent=1) if args.json else as_text(report))
    if args.figure:
        draw(_labels(args.paths), report["cosines"], args.figure)


def _verify(args: argparse.Namespace) -> None:
    from tauspeech.vectors.merge_receipt import verify

    for folder in args.paths:
        print("\n".join(verify(Path(folder), execution(args))))


def _labels(paths: list[str]) -> list[str]:
    """Names of the paths without folders and ending, or the paths if these names are not unique."""
    names = [Path(path).stem if path.endswith(".safetensors") else Path(path).name for path in paths]
    return names if len(set(names)) == len(names) else paths
