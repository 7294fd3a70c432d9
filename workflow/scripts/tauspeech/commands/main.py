"""``tauspeech``: finds the command, and turns a user's mistake into one line and exit status 2."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence

from tauspeech.commands import convert, export, inspect, merge, transcribe, vector
from tauspeech.runtime.errors import UserError

_COMMANDS = (vector, merge, inspect, transcribe, export, convert)
# What the engine does without, and the group of pyproject.toml that has it.
_OPTIONAL = dict.fromkeys(("torch", "transformers", "safetensors", "soundfile", "soxr"), "speech")
_OPTIONAL |= {"matplotlib": "figures"}


def main(arguments: Sequence[str] | None = None) -> int:
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    args = _parser().parse_args(arguments)
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # which cleans up on the way out
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
    except OSError as error:  # a full disk, a folder that must not be written to
        print(f"tauspeech {args.command}: {error}", file=sys.stderr)
        return 2
    finally:
        signal.signal(signal.SIGTERM, before)  # whoever called this has children to end in their own way
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tauspeech", description="Task-vector arithmetic for speech models: take, merge, look at, use."
    )
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in _COMMANDS:
        command.add(subparsers)
    return parser
