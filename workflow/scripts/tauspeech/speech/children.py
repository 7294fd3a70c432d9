"""Parallel execution with a new forked process for each item.

The children share nothing: `multiprocessing.Pool` has one queue for all of them, and hangs when it is closed while a
child holds the queue's lock.
"""

import gc
import signal
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
_FORK = get_context("fork")
_AHEAD = 4  # finished results per worker that may wait for a slower earlier one


def one_child_each(function: Callable[[Item], Result], items: Iterable[Item], workers: int) -> Iterator[Result]:
    """Yield the result of `function` for each item, in order; raises an error of a child at its item."""
    gc.freeze()  # garbage collection in children would copy memory pages
    numbered = enumerate(items)
    running: dict[Connection, tuple[int, BaseProcess]] = {}
    results: dict[int, tuple[Result, Exception | None]] = {}
    next_number = 0
    try:
        while True:
            room = min(workers - len(running), _AHEAD * workers - len(results))
            for number, item in islice(numbered, max(room, 0)):
                connection, process = _start(function, item)
                running[connection] = number, process
            if not running:
                return
            ready = set(wait(list(running)))
            for connection in [each for each in running if each in ready]:
                number, process = running.pop(connection)
                results[number] = _receive(connection, process)
            while next_number in results:
                result, error = results.pop(next_number)
                if error:
                    raise error
                yield result
                next_number += 1
    finally:
        for _, process in running.values():
            process.kill()
            process.join()


def _start(function: Callable[[Any], Any], item: Any) -> tuple[Connection, BaseProcess]:
    receiver, sender = _FORK.Pipe(duplex=False)
    process = _FORK.Process(target=_run, args=(function, item, sender), daemon=True)
    process.start()
    sender.close()
    return receiver, process


def _run(function: Callable[[Any], Any], item: Any, sender: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C also reaches the parent, which ends its children
    try:
        sender.send((function(item), None))
    except Exception as error:
        sender.send((None, error))


def _receive(connection: Connection, process: BaseProcess) -> tuple[Any, Exception | None]:
    with connection:
        try:
            result = connection.recv()
        except EOFError:
            result = None
    process.join()
    return result or (
        None,
        ChildProcessError(f"a child process ended with exit code {process.exitcode} without a result"),
    )
