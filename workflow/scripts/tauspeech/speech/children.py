"""Execution that needs a fresh process for every item.

The children share nothing with each other: a `multiprocessing.Pool` has one queue for all of them, and waits
for ever when it is closed while a child holds that queue's lock.
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
_AHEAD = 4  # results a child that waits for a slow one before it


def one_child_each(work: Callable[[Item], Result], items: Iterable[Item], workers: int) -> Iterator[Result]:
    """What `work` returns for each item, in order; an error in a child is raised here in its turn."""
    gc.freeze()  # a child that touches no reference count copies no page
    numbered = enumerate(items)
    running: dict[Connection, tuple[int, BaseProcess]] = {}
    answers: dict[int, tuple[Result, Exception | None]] = {}
    turn = 0
    try:
        while True:
            room = min(workers - len(running), _AHEAD * workers - len(answers))
            for number, item in islice(numbered, max(room, 0)):
                connection, process = _start(work, item)
                running[connection] = number, process
            if not running:
                return
            for connection in wait(list(running)):
                number, process = running.pop(connection)
                answers[number] = _answer(connection, process)
            while turn in answers:
                result, error = answers.pop(turn)
                if error:
                    raise error
                yield result
                turn += 1
    finally:
        for _, process in running.values():
            process.kill()
            process.join()


def _start(work: Callable[[Any], Any], item: Any) -> tuple[Connection, BaseProcess]:
    receiver, sender = _FORK.Pipe(duplex=False)
    process = _FORK.Process(target=_run, args=(work, item, sender), daemon=True)
    process.start()
    sender.close()
    return receiver, process


def _run(work: Callable[[Any], Any], item: Any, sender: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent too, which ends its children
    try:
        sender.send((work(item), None))
    except Exception as error:
        sender.send((None, error))


def _answer(connection: Connection, process: BaseProcess) -> tuple[Any, Exception | None]:
    with connection:
        try:
            answer = connection.recv()
        except EOFError:
            answer = None
    process.join()
    return answer or (None, ChildProcessError(f"a child process ended with code {process.exitcode} and no result"))
