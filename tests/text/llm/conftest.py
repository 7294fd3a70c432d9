"""A scripted chat server, and jobs that send requests to it."""

import hashlib
import json
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tauspeech.data.reserved_names import reserved_forms
from tauspeech.runtime.job import Job
from tauspeech.text.checks import Checker, Limits
from tauspeech.text.llm.http import ServedModel
from tauspeech.text.sources import openai

WORD = {
    "forms": {"zh": ["柏林墙"], "en": ["Berlin Wall", "Wall of Berlin"]},
    "phrase": {"zh": "柏林墙", "en": "the Berlin Wall"},
    "domain": "landmark",
}
KEY = "sk-planted-0123456789"


@dataclass
class Out:
    """What the server sends."""

    status: int = 200
    body: Any = ""  # text, bytes, or what becomes JSON
    headers: dict[str, str] = field(default_factory=dict)
    before: Callable[[], object] = lambda: None  # e.g. wait


def completion(text: Any, finish: str = "stop", usage: Any = None) -> Out:
    """A well-formed answer with this content."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}
    usage = {"prompt_tokens": 100, "completion_tokens": 50} if usage is None else usage
    return Out(body={"object": "chat.completion", "choices": [choice], "usage": usage})


def pairs(body: dict[str, Any], count: int = 10) -> list[dict[str, str]]:
    """Good pairs that depend on nothing but the prompt and its seed."""
    identity = json.dumps([body["messages"], body.get("seed")])
    rng = random.Random(hashlib.sha256(identity.encode()).digest())

    def chinese(length: int) -> str:
        return "".join(chr(rng.randrange(0x4E00, 0x9FA0)) for _ in range(length))

    def english(words: int) -> str:
        return " ".join("".join(rng.choices("bcdfghjklmnp", k=6)) for _ in range(words))

    return [
        {"zh": f"{chinese(12)}柏林墙{chinese(5)}。", "en": f"{english(5)} the Berlin Wall {english(2)}."}
        for _ in range(count)
    ]


def good(body: dict[str, Any]) -> Out:
    return completion(json.dumps({"sentences": pairs(body)}, ensure_ascii=False))


class ChatServer(ThreadingHTTPServer):
    """Answers with ``script(number, body)`` and records requests."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/v1"
        self.script: Callable[[int, dict[str, Any]], Out] = lambda number, body: good(body)
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.lock = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    server: ChatServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            number = len(self.server.bodies)
            self.server.bodies.append(body)
            self.server.headers.append(dict(self.headers))
            self.server.paths.append(self.path)
        out = self.server.script(number, body)
        out.before()
        content = out.body if isinstance(out.body, str | bytes) else json.dumps(out.body)
        content = content.encode() if isinstance(content, str) else content
        try:
            self.send_response(out.status)
            for name, value in ({"Content-Length": str(len(content))} | out.headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)
        except OSError:
            pass  # the client did not wait

    do_GET = do_POST

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with ChatServer() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield running
        running.shutdown()


@pytest.fixture
def source(server: ChatServer) -> dict[str, Any]:
    """Settings of a source as the plan completes them."""
    return {
        "kind": "openai",
        "url": server.url,
        "model": "tiny",
        "key_variable": None,
        "temperature": 1.0,
        "batch": 10,
        "concurrency": 4,
        "most_requests": None,
        "timeout": 10,
        "retries": 2,
        "new_tokens": 500,
        "extra": {},
        "price": None,
    }


@pytest.fixture
def make_job(tmp_path: Path, source: dict[str, Any]) -> Callable[..., Job]:
    """A job of the stage text, from a specification in a results folder."""

    def make(id: str = "berlin-wall", word: Any = WORD, counts: Any = None, run: str = "t", **changes: Any) -> Job:
        languages = changes.pop("languages", ["zh", "en"])
        settings = {
            "languages": languages,
            "counts": counts or {"train": 25, "validation": 4, "test": 6},
            "word": word,
            "word_id": id if word else "",
            "limits": {"shortest": 2, "longest": 60, "near_duplicate": 92.0},
            "source": source | changes,
        }
        path = tmp_path / "results" / run / "plan" / "text" / f"{id}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        spec = {"stage": "text", "id": id, "settings": settings, "seed": 7, "threads": 1, "inputs": {}}
        path.write_text(json.dumps(spec), encoding="utf-8")
        return Job(path, 1)

    return make


def checker_of(job: Job) -> Checker:
    """As the stage makes it."""
    settings, word = job.settings, job.settings["word"]
    languages = tuple(settings["languages"])
    forms = {language: tuple(word["forms"][language]) for language in languages} if word else None
    return Checker(languages, forms, reserved_forms(languages, forms), Limits(**settings["limits"]))


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that the client meant to wait; none of them passes."""
    waited: list[float] = []
    monkeypatch.setattr(openai, "chat_model", lambda source: ServedModel(source, sleep=waited.append))
    return waited


@pytest.fixture
def collect(waits: list[float]) -> Callable[..., Any]:
    """Run a job's source; counts of rejections are in the cost."""
    return lambda job: openai.collect(job, checker_of(job))


@pytest.fixture
def lines() -> Callable[[Job], list[dict[str, Any]]]:
    """The answers on disk."""

    def read(job: Job) -> list[dict[str, Any]]:
        path = job.results / "answers" / f"{job.id}.jsonl"
        return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]

    return read


@pytest.fixture
def talk() -> Any:
    """The helpers above, for tests in other files."""

    class Talk:
        out, completion, pairs, good, checker_of, key = (
            Out,
            staticmethod(completion),
            staticmethod(pairs),
            staticmethod(good),
            staticmethod(checker_of),
            KEY,
        )

    return Talk
