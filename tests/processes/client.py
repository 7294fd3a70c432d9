"""Interpreter whose process is forked by the server (see server.py): the file ``python`` in the server's folder is this one.

It takes ``-m MODULE ...`` and ``FILE.py ...``; all else goes to the real interpreter, as does what imports nothing slow.
"""

import json
import os
import signal
import socket
import sys

ADDRESS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "address")

LIGHT = {"on_gpus.py"}


def main(arguments: list[str]) -> int:
    first = arguments[0] if arguments else ""
    if not (first == "-m" or first.endswith(".py")) or os.path.basename(first) in LIGHT:
        os.execv(sys.executable, [sys.executable, *arguments])
    umask = os.umask(0)
    os.umask(umask)
    request = {
        "arguments": arguments,
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "umask": umask,
        "python": os.path.abspath(__file__),
    }
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(ADDRESS)
    data = json.dumps(request).encode() + b"\n"
    sent = socket.send_fds(connection, [data], [0, 1, 2])
    connection.sendall(data[sent:])
    replies = connection.makefile("r")
    child = json.loads(replies.readline())["pid"]
    signal.signal(signal.SIGTERM, lambda number, _: os.kill(child, number))
    signal.signal(signal.SIGINT, lambda number, _: os.killpg(child, number))  # as a terminal does
    status = json.loads(replies.readline())["status"]
    if status < 0:
        if -status != signal.SIGKILL:  # whose action cannot be set
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
