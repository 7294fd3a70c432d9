"""A server of language models that gives everybody the same answer."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.bad_inputs.world import World

VARIABLE = "TAUSPEECH_TEST_KEY"
KEY = "sk-planted-0123456789"


def chat(text: str) -> bytes:
    """A well-formed answer with this content."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return json.dumps({"object": "chat.completion", "choices": [choice], "usage": {}}).encode()


@contextmanager
def serving(status: int, body: bytes, headers: dict[str, str] | None = None) -> Iterator[str]:
    """Its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | (headers or {})).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()


def asks(world: World, url: str, **more: Any) -> None:
    """The project has its sentences from the server; the other sections go along."""
    openai = {"url": url, "model": "tiny", "key_variable": VARIABLE, "retries": 0, "timeout": 10, "most_requests": 2}
    counts = {"train": 1, "validation": 1, "test": 1, "general": 1}
    world.configure(text={"source": "openai", "openai": openai, "counts": counts}, **more)


ENVIRONMENT = {VARIABLE: KEY, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
