"""``tauspeech vector``: write the task vector of a fine-tune."""

import argparse
from pathlib import Path

from tauspeech.commands.common import add_command, add_threads, execution, warn_of_fixed_weights

_EXAMPLES = """\
examples:
    tauspeech vector openai/whisper-small my-finetune -o mine.safetensors
    tauspeech vector base finetuned -o half.safetensors --encoding bfloat16
    tauspeech vector base finetuned -o small.safetensors --encoding compressed --bits 8
    tauspeech vector base my-lora-adapter -o lora.safetensors

encodings:
    float32      every number; the default for models
    bfloat16     every number with 8 bits of precision: half the size
    lora         the factors of an adapter and its changes of single embeddings, exactly; the default for adapters
    compressed   the highest singular values of each matrix and the largest entries of the residual. --rank is the
                 fraction of singular values kept, --keep that of entries, and --bits 8 stores them as int8 instead of
                 float32. The relative error is measured, printed and stored in the file.

Tensors that did not change take no space in any encoding.
"""


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        subparsers,
        "vector",
        run,
        help="write the task vector of a fine-tune",
        description="Write the difference of a fine-tuned model to its base, as a file for merges.",
        examples=_EXAMPLES,
    )
    parser.add_argument("base", metavar="BASE", help="folder or hub id of the model before fine-tuning")
    parser.add_argument("finetuned", metavar="FINETUNED", help="the model after fine-tuning, or a LoRA adapter")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="FILE",
        help="the vector file, with a name that ends in .safetensors",
    )
    parser.add_argument("--encoding", choices=("float32", "bfloat16", "lora", "compressed"), help="see below")
    compressed = parser.add_argument_group("options of compressed")
    compressed.add_argument("--rank", type=float, metavar="FRACTION", help="from 0 to 1 (default: 0.05)")
    compressed.add_argument("--keep", type=float, metavar="FRACTION", help="from 0 to 1 (default: 0.02)")
    compressed.add_argument("--bits", type=int, choices=(8, 32), help="bits of each number (default: 32)")
    parser.add_argument(
        "--dry-run", action="store_true", help="check everything and print what would be read and written"
    )
    add_threads(parser)


def run(args: argparse.Namespace) -> None:
    from tauspeech.remote.hub import model_folder
    from tauspeech.vectors.extraction import extract, outline
    from tauspeech.vectors.lora.adapter import is_adapter

    options = {name: value for name in ("rank", "keep", "bits") if (value := getattr(args, name)) is not None}
    request = (args.base, args.finetuned, args.output, args.encoding, execution(args), options)
    if args.dry_run:
        print("\n".join(outline(*request)))
        return
    about = extract(*request)
    print(f"{args.output}: {args.finetuned} minus {args.base}, {args.output.stat().st_size / 1e6:.1f} MB")
    finetuned = model_folder(args.finetuned, Path())
    if not is_adapter(finetuned):
        warn_of_fixed_weights("vector", model_folder(args.base, Path()), finetuned)
    if "size_ratio" in about:
        lost = f", relative error {about['error']:.3g}" if "error" in about else ""
        print(f"{about['encoding']}: {about['size_ratio']:.3g} times the size of float32{lost}")
