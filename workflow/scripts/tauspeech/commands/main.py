"""``tauspeech``: runs a command; mistakes of the user are printed as one line, with exit status 2."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence

from tauspeech.commands import convert, expand, export, inspect, merge, transcribe, vector
from tauspeech.runtime.errors import UserError

_COMMANDS = (vector, merge, inspect, transcribe, export, expand, convert)
# Packages that the merge engine does not need, by the group of pyproject.toml that installs them.
_OPTIONAL = dict.fromkeys(("torch", "transformers", "safetensors", "soundfile", "soxr"), "speech")
_OPTIONAL |= {"matplotlib": "figures"}


def main(arguments: Sequence[str] | None = None) -> int:
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    args = _parser().parse_args(arguments)
    before = signal.signal(
        signal.SIGTERM, lambda *_: sys.exit(143)
    )  # raises SystemExit, so temporary files are removed
    try:
        args.run(args)
    except UserError as error:
        print(f"tauspeech {args.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"tauspeech {args.command}: interrupted, nothing was left behind", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `tauspeech inspect ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except ModuleNotFoundError as error:
        if error.name not in _OPTIONAL:
            raise
        group = _OPTIONAL[error.name]
        print(
            f"tauspeech {args.command}: {error.name} is missing; run pip install '.[{group}]' in a clone",
            file=sys.stderr,
        )
        return 2
    except OSError as error:  # such as a full disk or missing permissions
        print(f"tauspeech {args.command}: {error}", file=sys.stderr)
        return 2
    finally:
        signal.signal(signal.SIGTERM, before)  # the caller may be a program with a handler of its own
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tauspeech",
        description="Task-vector arithmetic for speech models: extract, merge, inspect and use task vectors.",
    )
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in _COMMANDS:
        command.add(subparsers)
    return parser
