"""``tauspeech transcribe``: what a model hears in audio files."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tauspeech.commands.common import add_command, add_threads
from tauspeech.runtime.errors import UserError

if TYPE_CHECKING:
    import numpy as np

    from tauspeech.models.whisper.long_audio import Heard, Transcriber

_EXAMPLES = """\
examples:
    tauspeech transcribe merged/ talk.mp3
    tauspeech transcribe openai/whisper-small *.wav --task translate --output tsv > heard.tsv

Files are WAV, FLAC, MP3 or Ogg, of any rate, number of channels and length. Standard output has one line a file: the
text, with the name before it if there are several; with --output tsv a table; with --output json an object, which has
the segments and their times too.
"""


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        subparsers,
        "transcribe",
        run,
        help="audio files to text",
        description="Transcribe or translate audio files of any length with a Whisper.",
        examples=_EXAMPLES,
    )
    parser.add_argument("model", metavar="MODEL", help="folder or hub id of a Whisper")
    parser.add_argument("audio", nargs="+", type=Path, metavar="AUDIO")
    parser.add_argument(
        "--language",
        metavar="CODE",
        help="spoken, such as zh (default: the model listens); for a model that was taught to translate into another "
        "language than English, the one that it writes",
    )
    parser.add_argument("--task", choices=("transcribe", "translate"), default="transcribe")
    parser.add_argument("--beams", type=int, default=1, metavar="N", help="more are slower, and a little better")
    parser.add_argument("--output", choices=("text", "tsv", "json"), default="text")
    add_threads(parser)


def run(args: argparse.Namespace) -> None:
    if args.beams < 1:
        raise UserError(f"--beams is {args.beams}: give at least 1.")
    import torch

    from tauspeech.models.folder import quiet, whisper_folder
    from tauspeech.models.whisper.family import load
    from tauspeech.models.whisper.long_audio import Transcriber

    quiet()
    torch.set_num_threads(args.threads)
    transcriber = Transcriber(
        *load(whisper_folder(args.model)), language=args.language, task=args.task, beams=args.beams
    )
    if args.output == "tsv":
        print("file", "language", "seconds", "text", sep="\t")
    failed = []
    for path in args.audio:
        try:
            samples = _samples(path)
            print(_line(args, path, samples, _heard(transcriber, path, samples)), flush=True)
        except UserError as error:
            failed.append(error)
            if len(args.audio) > 1:
                print(f"tauspeech transcribe: {error}", file=sys.stderr, flush=True)
    if failed and len(args.audio) == 1:
        raise failed[0]
    if failed:
        raise UserError(f"{len(failed)} of {len(args.audio)} files failed: the lines above say why.")


def _samples(path: Path) -> "np.ndarray":
    from tauspeech.data.audio import read

    if not path.exists():
        raise UserError(f"{path} does not exist: check the name.")
    if path.is_dir():
        raise UserError(f"{path} is a folder: give the files in it, {path}/*.wav say.")
    return read(path)


def _heard(transcriber: "Transcriber", path: Path, samples: "np.ndarray") -> "Heard":
    import torch

    try:
        return transcriber.hear(samples)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    except torch.OutOfMemoryError:
        raise UserError(f"{path} does not fit into the GPU's memory with this model: give fewer --beams.") from None


def _line(args: argparse.Namespace, path: Path, samples: "np.ndarray", heard: "Heard") -> str:
    from tauspeech.data.audio import RATE

    seconds = round(len(samples) / RATE, 2)
    if args.output == "tsv":
        return f"{path}\t{heard.language or ''}\t{seconds}\t{heard.text}"
    if args.output == "json":
        segments = [vars(segment) for segment in heard.segments]
        about = {"file": str(path), "language": heard.language, "task": args.task, "seconds": seconds}
        return json.dumps(about | {"text": heard.text, "segments": segments}, ensure_ascii=False)
    return f"{path}\t{heard.text}" if len(args.audio) > 1 else heard.text
