"""``tauspeech merge``: carry out a recipe."""

import argparse
import textwrap
from pathlib import Path

from tauspeech.commands.common import add_command, add_threads, execution, warn_of_fixed_weights
from tauspeech.vectors import methods
from tauspeech.vectors.method import Method

_RECIPE = """\
A recipe for two fine-tunes of one Whisper (vectors are files of `tauspeech vector`, folders of fine-tuned models, or
folders of LoRA adapters):

    base: openai/whisper-small        # a folder or hub id; paths are relative to the recipe
    method: ties
    options: {keep: 0.5}
    vectors:
      - {path: finetuned-a, weight: 0.5}
      - {path: finetuned-b, weight: 0.5}

Methods, with the lines of the recipe that choose them:
"""

_MORE = """\
Further keys of a recipe: scale: 0.4 (of the whole sum) · seed: 1 (of random masks) · dtype: float32 (of the output) ·
output: adapter (from LoRA adapters only) · weight: {encoder: 0.3, decoder: 1} or {'/layers\\.[0-5]\\./': 0.5, default: 1}
· reference: other-model (the vector is a difference to that model) · merge: {method: ..., vectors: [...]} in place of
path (a nested merge as a vector).
"""


def _method_help(method: Method) -> str:
    """The paragraph of the help on one method: title, use, the lines of a recipe, and the options."""
    about = f"{method.name}: {method.title}, {method.reference}. {method.use}"
    lines = [*_wrapped(about, ""), f"    method: {method.name}"]
    if method.options:
        example = ", ".join(f"{option.name}: {option.example_value}" for option in method.options)
        lines.append(f"    options: {{{example}}}")
    for option in method.options:
        default = "" if option.required else f"; default: {option.default}"
        lines += _wrapped(f"{option.name}: {option.description}, {option.range}{default}", "        ")
    return textwrap.indent("\n".join(lines), "    ")


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, 112, initial_indent=indent, subsequent_indent=indent + "    ")


def _examples() -> str:
    return "\n\n".join([_RECIPE.rstrip("\n"), *map(_method_help, methods.declared()), _MORE])


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        subparsers,
        "merge",
        run,
        help="merge task vectors into a model",
        description="Carry out a merge recipe.",
        examples=_examples(),
    )
    parser.add_argument("recipe", type=Path, metavar="RECIPE", help="a YAML file, see below")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER", help="the merged model")
    parser.add_argument(
        "--dry-run", action="store_true", help="check everything and print what would be read and written"
    )
    add_threads(parser)


def run(args: argparse.Namespace) -> None:
    from tauspeech.remote.hub import model_folder
    from tauspeech.vectors.merging import merge, outline
    from tauspeech.vectors.recipe import Recipe

    recipe = Recipe.read(args.recipe)
    if args.dry_run:
        print("\n".join(outline(recipe, args.output, execution(args))))
        return
    receipt = merge(recipe, args.output, execution(args))
    print(f"{args.output}: {recipe.merge.method} of {len(recipe.merge.vectors)} vectors into {recipe.base}")
    if recipe.output != "adapter":
        warn_of_fixed_weights("merge", model_folder(recipe.base, recipe.folder), args.output)
    if loss := receipt["rounding_loss"]:
        print(
            f"Rounding to the output's type lost {loss:.1%} of the change; dtype: float32 in the recipe avoids this "
            "(load the model with dtype=torch.float32)."
        )
