"""Parts that several commands share: help, the option --threads, and progress on the terminal."""

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tauspeech.vectors.execution import Execution


def add_command(
    subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    run: Callable[[argparse.Namespace], None],
    *,
    help: str,
    description: str,
    examples: str,
) -> argparse.ArgumentParser:
    """Add a command with its help to the parser of ``tauspeech``."""
    parser = subparsers.add_parser(
        name,
        help=help,
        description=description,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    return parser


def add_threads(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--threads",
        type=_at_least_one,
        default=_cores(),
        metavar="N",
        help="number of threads (default: all, %(default)s)",
    )


def execution(args: argparse.Namespace) -> Execution:
    """Threads and progress of the merge engine, as the arguments ask for."""
    return Execution(args.threads, _progress)


def warn_of_fixed_weights(command: str, base: Path, changed: Path) -> None:
    """Print a warning for each weight that a model's architecture declares fixed, and in which it differs from its base."""
    from tauspeech.models.fixed_weights import changed_fixed_weights

    for warning in changed_fixed_weights(base, changed):
        print(f"tauspeech {command}: warning: {warning}", file=sys.stderr)


@contextmanager
def _progress(title: str, total: int) -> Iterator[Callable[[int], object]]:
    if not sys.stderr.isatty():
        print(f"{title} ...", file=sys.stderr, flush=True)
        yield lambda amount: None
        return
    from tqdm import tqdm

    with tqdm(total=total, desc=title, unit="", unit_scale=True, leave=False) as bar:
        yield bar.update


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("give at least 1")
    return number
