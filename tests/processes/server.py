"""Server process that forks a child, with the slow imports done, for each command: ``server.py ADDRESS``.

Tests start hundreds of Python processes, each of which would import torch, transformers or Snakemake for seconds. The
server has one thread, and imports nothing of tauspeech, since a command may belong to another copy of the project. It
ends when its standard input is closed. A client sends its standard streams, arguments, environment and folder, and
receives the child's process id, then its exit status. When a client dies, its child is killed.
"""

import atexit
import contextlib
import gc
import json
import os
import runpy
import selectors
import signal
import socket
import sys
import threading
import traceback
from importlib import import_module
from typing import Any, TextIO

PRELOADED = (
    *("accelerate", "datasets", "jinja2", "jiwer", "jsonschema", "pandas", "pyarrow.parquet", "rapidfuzz", "sacrebleu"),
    *("matplotlib.figure", "matplotlib.backends.backend_agg", "matplotlib.backends.backend_svg", "matplotlib.ticker"),
    *("espeakng_loader", "safetensors.torch", "soundfile", "soxr", "threadpoolctl", "tokenizers", "tqdm", "yaml"),
    *("torch", "torch.utils.data", "transformers.trainer", "transformers.models.auto.modeling_auto"),
    *(f"transformers.models.whisper.{part}_whisper" for part in ("modeling", "processing", "tokenization")),
    *("snakemake.cli", "snakemake.api", "snakemake.workflow", "snakemake.executors.local", "snakemake.report"),
    *("snakemake.profiles", "snakemake.storage", "smart_open", "yte", "docutils.core", "pygments.lexers"),
    *("numpy.ctypeslib", "PIL.JpegImagePlugin", "PIL.PngImagePlugin", "charset_normalizer", "urllib3"),
)
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
PREPARATION = "TESTS_PREPARATION"  # variable with statements that a child executes before its command
Request = dict[str, Any]


def main(address: str) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"{address}.new")
    listener.listen(100)
    os.rename(f"{address}.new", address)
    preload()
    if request := Server(listener).serve():
        os._exit(carry_out(request))


def preload() -> None:
    # Threads would be lost by the fork, and locks that they hold would stay locked.
    os.environ.update(dict.fromkeys(THREADS, "1"))
    for name in PRELOADED:
        with contextlib.suppress(ImportError):  # children that need it import it themselves
            import_module(name)

    assert threading.active_count() == 1
    gc.collect()
    gc.freeze()  # a collection would touch, and so copy, all memory that children share


class Server:
    """Loop over new clients, clients that die, children that end, and the end of standard input."""

    def __init__(self, listener: socket.socket):
        self.listener = listener
        self.clients: dict[int, socket.socket | None] = {}  # by child; None if the client has died
        self.wake, self.waker = os.pipe()  # written by Python when a signal arrives
        for end in (self.wake, self.waker):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self.waker)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self.selector = selectors.DefaultSelector()
        for file in (listener, sys.stdin, self.wake):
            self.selector.register(file, selectors.EVENT_READ)

    def serve(self) -> Request | None:
        """Serve until standard input ends; in each forked child, return the request that it has to carry out."""
        while True:
            for key, _ in self.selector.select():
                if key.fileobj is sys.stdin:
                    for child in self.clients:
                        kill(child)
                    return None
                if key.fileobj is self.listener:
                    if request := self.accept():
                        return request
                elif key.fileobj == self.wake:
                    self.reap()
                elif self.clients.get(key.data) is key.fileobj:  # it sends nothing more, so this is its end
                    kill(key.data)
                    self.close(key.data)
                    self.clients[key.data] = None

    def accept(self) -> Request | None:
        """Fork a child for a new client; the request in the child, None in the server."""
        connection, _ = self.listener.accept()
        try:
            request, streams = receive(connection)
        except (OSError, ValueError):
            connection.close()
            return None
        child = os.fork()
        if not child:
            self.leave(connection)
            for number, stream in enumerate(streams):
                os.dup2(stream, number)
                os.close(stream)
            return request
        for stream in streams:
            os.close(stream)
        self.clients[child] = connection
        self.selector.register(connection, selectors.EVENT_READ, child)
        send(connection, {"pid": child})
        return None

    def leave(self, connection: socket.socket) -> None:
        """Close in a child what belongs to the server, and become a process as others are."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a background process may ignore it
        self.selector.close()
        for file in (self.listener, connection, *filter(None, self.clients.values())):
            file.close()
        os.close(self.wake)
        os.close(self.waker)
        os.setpgid(0, 0)

    def reap(self) -> None:
        """Tell clients of children that have ended."""
        os.read(self.wake, 1 << 10)
        while self.clients:
            child, status = os.waitpid(-1, os.WNOHANG)
            if not child:
                return
            if connection := self.clients[child]:
                send(connection, {"status": os.waitstatus_to_exitcode(status)})
                self.close(child)
            del self.clients[child]

    def close(self, child: int) -> None:
        if connection := self.clients[child]:
            self.selector.unregister(connection)
            connection.close()


def receive(connection: socket.socket) -> tuple[Request, list[int]]:
    data, streams, _, _ = socket.recv_fds(connection, 1 << 16, 3)
    while not data.endswith(b"\n"):
        more = connection.recv(1 << 16)
        if not more:
            raise ValueError("the request is cut short")
        data += more
    return json.loads(data), streams


def send(connection: socket.socket, message: dict[str, int]) -> None:
    with contextlib.suppress(OSError):  # the client is gone
        connection.sendall(json.dumps(message).encode() + b"\n")


def kill(child: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)


def carry_out(request: Request) -> int:
    """Run a command as a fresh interpreter would, up to the exit status."""
    try:
        os.environ.clear()
        os.environ.update(request["environment"])
        os.chdir(request["folder"])
        os.umask(request["umask"])
        sys.stdin, sys.stdout, sys.stderr = stream(0, "r", "strict"), stream(1, "w", "strict"), stream(2, "w")
        sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr
        exec(os.environ.pop(PREPARATION, ""), {})
        run(request["arguments"], request["python"])
        status = 0
    except SystemExit as ending:
        status = status_of(ending)
    except KeyboardInterrupt:
        traceback.print_exc()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)  # as Python ends itself
        raise
    except BaseException:
        traceback.print_exc()
        status = 1
    try:
        threading._shutdown()
        atexit._run_exitfuncs()
        sys.stdout.flush()
    except BaseException:
        traceback.print_exc()
        status = 120
    return status


def stream(number: int, mode: str, errors: str = "backslashreplace") -> TextIO:
    return open(number, mode, -1 if number < 2 else 1, encoding="utf-8", errors=errors, closefd=False)


def run(arguments: list[str], python: str) -> None:
    first, *rest = arguments
    if first == "-m":
        sys.executable = python  # so that jobs of Snakemake are forked too
        sys.argv = rest
        sys.path[0] = os.getcwd()
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
        return
    sys.argv = arguments
    sys.path[0] = os.path.dirname(os.path.abspath(first))
    use_threads(rest)
    runpy.run_path(first, run_name="__main__")


def use_threads(arguments: list[str]) -> None:
    """Set what a stage has by OMP_NUM_THREADS, which torch reads when it is imported."""
    import torch

    if len(arguments) == 2 and arguments[0].endswith(".json") and os.path.isfile(arguments[0]):
        with open(arguments[0], encoding="utf-8") as file:
            specification = json.load(file)
        torch.set_num_threads(specification.get("threads") or int(arguments[1]))


def status_of(ending: SystemExit) -> int:
    if ending.code is None or isinstance(ending.code, int):
        return (ending.code or 0) & 0xFF
    print(ending.code, file=sys.stderr)
    return 1


if __name__ == "__main__":
    main(sys.argv[1])
