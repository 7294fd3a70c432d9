"""``tauspeech transcribe``: transcribe or translate audio files."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tauspeech.commands.common import add_command, add_threads
from tauspeech.data.word_lists.phrases import read_phrases
from tauspeech.models.hints import Hints
from tauspeech.runtime.errors import UserError

if TYPE_CHECKING:
    import numpy as np

    from tauspeech.models.transcription import AudioTranscriber, Transcript

STRENGTH = 4.0  # of --words

_EXAMPLES = """\
examples:
    tauspeech transcribe merged/ talk.mp3
    tauspeech transcribe openai/whisper-small *.wav --task translate --output tsv > texts.tsv
    tauspeech transcribe openai/whisper-small talk.mp3 --words names.txt --strength 4

Files are WAV, FLAC, MP3 or Ogg, of any sampling rate, number of channels and length. Standard output has one line per
file: the text, with the file name before it if there are several; with --output tsv a table; with --output json an object
that also has segments with their times.
"""


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        subparsers,
        "transcribe",
        run,
        help="audio files to text",
        description="Transcribe or translate audio files of any length.",
        examples=_EXAMPLES,
    )
    parser.add_argument("model", metavar="MODEL", help="folder or hub id of a model")
    parser.add_argument("audio", nargs="+", type=Path, metavar="AUDIO")
    parser.add_argument(
        "--language",
        metavar="CODE",
        help="spoken language, such as zh (default: detected); for a model that was trained to translate into another "
        "language than English, the language of the translation",
    )
    parser.add_argument("--task", choices=("transcribe", "translate"), default="transcribe")
    parser.add_argument(
        "--beams",
        type=int,
        default=1,
        metavar="N",
        help="beams of the beam search: more are slower and slightly better",
    )
    parser.add_argument(
        "--engine",
        choices=("auto", "transformers", "ctranslate2"),
        default="auto",
        help="program that decodes (default: ctranslate2 where it is installed, for Whisper models on a CPU). Long audio "
        "with a model that predicts timestamps is decoded by transformers",
    )
    parser.add_argument(
        "--words",
        type=Path,
        metavar="FILE",
        help="words or phrases that the recordings may have, one a line, in the language that is written; Whisper models only",
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--strength",
        type=float,
        metavar="S",
        help=f"how much the words are favoured (default: {STRENGTH:g}); with too much, they are written where nobody has used them",
    )
    how.add_argument("--as-prompt", action="store_true", help="the words are a prompt instead, as previous text")
    parser.add_argument("--output", choices=("text", "tsv", "json"), default="text")
    add_threads(parser)


def run(args: argparse.Namespace) -> None:
    if args.beams < 1:
        raise UserError(f"--beams is {args.beams}: give at least 1.")
    hints = _hints(args)
    import torch

    from tauspeech.models.folder import find_model, quiet
    from tauspeech.models.transcription import open_transcriber

    quiet()
    torch.set_num_threads(args.threads)
    settings = {"language": args.language, "task": args.task, "beams": args.beams, "engine": args.engine}
    settings |= {"hints": hints}
    transcriber = open_transcriber(find_model(args.model), **settings)
    if args.output == "tsv":
        print("file", "language", "seconds", "text", sep="\t")
    failed = []
    for path in args.audio:
        try:
            samples = _samples(path)
            print(_line(args, path, samples, _transcript(transcriber, path, samples)), flush=True)
        except UserError as error:
            failed.append(error)
            if len(args.audio) > 1:
                print(f"tauspeech transcribe: {error}", file=sys.stderr, flush=True)
    if failed and len(args.audio) == 1:
        raise failed[0]
    if failed:
        raise UserError(f"{len(failed)} of {len(args.audio)} files failed: see the messages above.")


def _hints(args: argparse.Namespace) -> Hints | None:
    """The words of --words, with the options that are about them."""
    if not args.words:
        if args.strength is not None or args.as_prompt:
            raise UserError("--strength and --as-prompt are about words: give --words, or leave them out.")
        return None
    if args.strength is not None and not args.strength >= 0:
        raise UserError(f"--strength is {args.strength:g}: give 0 or more.")
    words = read_phrases(args.words)
    if args.as_prompt:
        return Hints(words, as_prompt=True)
    return Hints(words, strength=STRENGTH if args.strength is None else args.strength)


def _samples(path: Path) -> "np.ndarray":
    from tauspeech.data.audio import read

    if not path.exists():
        raise UserError(f"{path} does not exist: check the name.")
    if path.is_dir():
        raise UserError(f"{path} is a folder: give the files in it, as in {path}/*.wav.")
    return read(path)


def _transcript(transcriber: "AudioTranscriber", path: Path, samples: "np.ndarray") -> "Transcript":
    import torch

    try:
        return transcriber.transcribe(samples)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    except torch.OutOfMemoryError:
        raise UserError(f"{path} does not fit into the GPU's memory with this model: use fewer --beams.") from None


def _line(args: argparse.Namespace, path: Path, samples: "np.ndarray", transcript: "Transcript") -> str:
    from tauspeech.data.audio import RATE

    seconds = round(len(samples) / RATE, 2)
    if args.output == "tsv":
        return f"{path}\t{transcript.language or ''}\t{seconds}\t{transcript.text}"
    if args.output == "json":
        segments = [vars(segment) for segment in transcript.segments]
        about = {"file": str(path), "language": transcript.language, "task": args.task, "seconds": seconds}
        return json.dumps(about | {"text": transcript.text, "segments": segments}, ensure_ascii=False)
    return f"{path}\t{transcript.text}" if len(args.audio) > 1 else transcript.text
