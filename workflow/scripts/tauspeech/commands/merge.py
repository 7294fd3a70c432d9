"""``tauspeech merge``: carry out a recipe."""

import argparse
from pathlib import Path

from tauspeech.commands.common import add_command, add_threads, execution

_EXAMPLES = """\
A recipe for two fine-tunes of one Whisper (vectors are files of `tauspeech vector`, or simply the fine-tuned models'
folders, or folders of LoRA adapters):

    base: openai/whisper-small        # a folder or hub id; paths are relative to the recipe
    method: ties
    options: {keep: 0.5}
    vectors:
      - {path: finetuned-a, weight: 0.5}
      - {path: finetuned-b, weight: 0.5}

Methods, with what to change in it:

    average          method: average                            the mean of the fine-tunes
    task_arithmetic  method: task_arithmetic                    weighted sum; a negative weight takes a task away
    ties             method: ties                               trim, elect sign, sum
                     options: {keep: 0.5, scope: global}        or scope: tensor, to trim each tensor by itself
    dare             method: dare                               drop at random and rescale
                     options: {keep: 0.5}                       and, beside options, seed: 1
    magnitude        method: magnitude                          the largest entries of each tensor
                     options: {keep: 0.2}
    svd              method: svd                                the largest singular values of each tensor
                     options: {rank: 0.03}
    lors             method: lors                               low rank, and the largest entries of the rest
                     options: {rank: 0.03, keep: 0.2}

More of a recipe: scale: 0.4 (of the whole sum) · dtype: float32 (of the output) · output: adapter (from LoRA adapters
only) · weight: {encoder: 0.3, decoder: 1} or {'/layers\\.[0-5]\\./': 0.5, default: 1} · reference: other-model (the
vector is a difference to that one) · merge: {method: ..., vectors: [...]} in place of path (a merge as a vector).
"""


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        subparsers,
        "merge",
        run,
        help="put task vectors into a model",
        description="Carry out a merge recipe.",
        examples=_EXAMPLES,
    )
    parser.add_argument("recipe", type=Path, metavar="RECIPE", help="a YAML file, see below")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER", help="of the merged model")
    parser.add_argument("--dry-run", action="store_true", help="check everything, say what would be read and written")
    add_threads(parser)


def run(args: argparse.Namespace) -> None:
    from tauspeech.vectors.merging import merge, outline
    from tauspeech.vectors.recipe import Recipe

    recipe = Recipe.read(args.recipe)
    if args.dry_run:
        print("\n".join(outline(recipe, args.output, execution(args))))
        return
    receipt = merge(recipe, args.output, execution(args))
    print(f"{args.output}: {recipe.mixture.method} of {len(recipe.mixture.vectors)} vectors into {recipe.base}")
    if loss := receipt["rounding_loss"]:
        print(
            f"The output's type lost {loss:.1%} of the change; dtype: float32 in the recipe loses none (load it with dtype=torch.float32)."
        )
