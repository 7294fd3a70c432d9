"""Bad answers of language models, and failing requests."""

import json
from dataclasses import dataclass

import pytest

from tests.bad_inputs.chat import ENVIRONMENT, KEY, VARIABLE, asks, chat, serving
from tests.bad_inputs.judge import refused
from tests.bad_inputs.world import World


@dataclass(frozen=True)
class Answer:
    name: str
    body: bytes
    says: tuple[str, ...]
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return self.name


def sentences(*pairs: tuple[str, str]) -> bytes:
    return chat(json.dumps({"sentences": [{"zh": zh, "en": en} for zh, en in pairs]}))


LIMIT = "the limit of 2 requests to tiny is reached with only 0 of 3 sentences accepted"

ANSWERS = [
    Answer("nonsense", chat("I would rather not."), (LIMIT, "answer is not what was asked for")),
    Answer("nothing", chat(""), (LIMIT,)),
    Answer("brackets without end", chat("[" * 100_000), (LIMIT,)),
    Answer("a program", chat("$(touch ran); `touch ran`\t$(touch ran)"), (LIMIT,)),
    Answer("markup", sentences(("这里是柏林墙{}", "Is this the Berlin Wall")), (LIMIT, "markup (zh)")),
    Answer("a right-to-left mark", sentences(("这里是\u202e柏林墙", "Is this the Berlin Wall")), (LIMIT, "control")),
    Answer("10,000 characters", sentences(("柏林墙" * 3_000, "Is this the Berlin Wall")), (LIMIT, "longer than 1000")),
    Answer("half a character", sentences(("这里是柏林墙吗\ud83d", "Is this the Berlin Wall")), (LIMIT, "control")),
    Answer("other texts", sentences(("这里是那里吗", "Is this the place")), (LIMIT, "word missing (zh)")),
    Answer("no answer of a chat", b'{"choices": []}', ("text.openai.url", "the response is not a chat completion")),
    Answer("a page of the web", b"<html>Welcome to the hotel</html>", ("text.openai.url", "not a chat completion")),
    Answer("an answer of 5 MB", b"x" * (5 << 20), (LIMIT,)),
    Answer("another address", b"", ("text.openai.url", "give the final address"), 302, (("Location", "http://a/"),)),
    Answer("a refusal that repeats the key", f"bad key {KEY}".encode(), (VARIABLE, "[key]", "valid key"), 401),
    Answer("an unknown model", b"", ("text.openai.model", "check url and model"), 404),
    Answer("too many requests", b"\x1b[31mslow\ndown", ("text.openai.url", "HTTP 429"), 429),
]


@pytest.mark.parametrize("answer", ANSWERS, ids=str)
def test_a_bad_answer_is_refused(world: World, answer: Answer) -> None:
    with serving(answer.status, answer.body, dict(answer.headers)) as url:
        asks(world, url)
        world.planned()
        act = lambda: world.stage("make_text.py", "text", "berlin-wall", ENVIRONMENT)  # noqa: E731
        sentence = refused(world, act, "Error in text 'berlin-wall': ", answer.says)
    assert KEY not in sentence
    assert not list(world.root.rglob("ran"))


def test_no_server_at_the_address(world: World) -> None:
    asks(world, "http://127.0.0.1:9/v1")
    world.planned()
    act = lambda: world.stage("make_text.py", "text", "berlin-wall", ENVIRONMENT)  # noqa: E731
    refused(world, act, "Error in text 'berlin-wall': ", ("text.openai.url", "no connection", "run again"))


def test_no_key_in_the_environment(world: World) -> None:
    asks(world, "http://127.0.0.1:9/v1")
    world.planned()
    act = lambda: world.stage("make_text.py", "text", "berlin-wall", ENVIRONMENT | {VARIABLE: ""})  # noqa: E731
    refused(world, act, "Error in text 'berlin-wall': ", ("text.openai.key_variable", VARIABLE, "export it"))


def test_damaged_answers_are_requested_again(world: World) -> None:
    """Invalid lines of the file of answers are ignored, and stay."""
    spoilt = b'{"key": "a"}\n\xff\xfe\n[' + b"[" * 10_000 + b"\n"
    answers = world.write("results/t/answers/berlin-wall.jsonl", spoilt)
    with serving(200, chat("No.")) as url:
        asks(world, url)
        world.planned()
        act = lambda: world.stage("make_text.py", "text", "berlin-wall", ENVIRONMENT)  # noqa: E731
        refused(world, act, "Error in text 'berlin-wall': ", (LIMIT,))
    assert answers.read_bytes().startswith(spoilt)
