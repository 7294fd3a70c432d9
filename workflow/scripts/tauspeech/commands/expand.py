"""``tauspeech expand``: make a speech LLM of a language model of text."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from tauspeech.commands.common import add_command, add_threads
from tauspeech.runtime.errors import UserError

if TYPE_CHECKING:
    import numpy as np

_EXAMPLES = """\
examples:
    tauspeech expand HuggingFaceTB/SmolLM2-135M -o speech-llm --encoder openai/whisper-base --audio speech/*.flac --units 500
    tauspeech expand my-llama -o speech-llm --encoder my-hubert --layer 11 --centres centres.npy

Speech becomes units: each frame of the encoder's layer is replaced by the number of the nearest of some centres, and of equal
numbers in a row one stays. The centres are those of k-means on the frames of the audio files, or an array of yours. The new model
writes of text what the old one does, and nothing sensible of speech until it is fine-tuned.
"""


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        subparsers,
        "expand",
        run,
        help="make a speech LLM of a language model",
        description="Add tokens for units of speech to a language model of the LLaMA class.",
        examples=_EXAMPLES,
    )
    parser.add_argument("model", metavar="MODEL", help="folder or hub id of the language model")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER", help="new or empty folder")
    parser.add_argument(
        "--encoder",
        required=True,
        metavar="MODEL",
        help="Whisper, HuBERT, wav2vec2 or WavLM: folder, hub id, or foundation/NAME",
    )
    parser.add_argument(
        "--layer", type=int, default=-1, metavar="N", help="layer of the encoder, from 1 (default: its output)"
    )
    parser.add_argument(
        "--window", type=float, metavar="S", help="shorter input window of a Whisper in seconds, which saves time"
    )
    made = parser.add_mutually_exclusive_group(required=True)
    made.add_argument(
        "--audio", type=Path, nargs="+", metavar="FILE", help="recordings from which the centres are made"
    )
    made.add_argument("--centres", type=Path, metavar="FILE", help="array of the centres, as .npy or safetensors")
    parser.add_argument(
        "--units", type=int, default=500, metavar="N", help="number of centres to make (default: %(default)s)"
    )
    parser.add_argument(
        "--languages",
        nargs="+",
        default=["en"],
        metavar="CODE",
        help="languages of which the model is to write a token (default: en)",
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    add_threads(parser)


def run(args: argparse.Namespace) -> None:
    import torch

    from tauspeech.models.companions import companion
    from tauspeech.models.folder import find_model, quiet
    from tauspeech.models.units.extractor import UnitExtractor, read_centres
    from tauspeech.runtime.files import write_folder

    quiet()
    torch.set_num_threads(args.threads)
    if args.output.exists() and any(args.output.iterdir()):
        raise UserError(f"{args.output} is not empty: give a new folder.")
    origin = find_model(args.model)
    module = companion(origin, "expansion", "made a speech LLM")
    centres = read_centres(args.centres) if args.centres else _centres(args)
    extractor = UnitExtractor(args.encoder, args.layer, centres, args.window)
    extractor.open()
    write_folder(args.output, lambda folder: module.expand(origin, extractor, args.languages, folder, args.seed))
    print(f"{args.output}: {extractor.count} units of {args.encoder}, layer {args.layer}")


def _centres(args: argparse.Namespace) -> "np.ndarray":
    from tauspeech.data.audio import read
    from tauspeech.models.units.extractor import encoder_folder
    from tauspeech.models.units.fitting import centres_of
    from tauspeech.models.units.frames import open_frames

    if args.units < 2:
        raise UserError(f"--units is {args.units}: give at least 2.")
    encoder = open_frames(encoder_folder(args.encoder), args.layer, args.window)
    return centres_of(encoder, map(read, args.audio), len(args.audio), args.units, args.seed)
