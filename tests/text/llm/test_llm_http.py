"""The chat client: requests, retries, and secrecy of the key."""

import email.utils
import threading
import time

import pytest
import requests

from tauspeech.remote.api_client import LONGEST_WAIT, RetriesExhausted, backoff, retry_after_seconds
from tauspeech.runtime.errors import UserError
from tauspeech.text.llm.http import ServedModel
from tauspeech.text.llm.prompts import schema_of

SCHEMA = schema_of("sentences", ["zh", "en"])
MESSAGES = [{"role": "user", "content": "Say something."}]


@pytest.fixture
def ask(source):
    """One request of a client with some settings changed, and the client."""

    def ask(**changes):
        waited = []
        model = ServedModel(source | changes, sleep=waited.append)
        model.waited = waited
        return model.answer(MESSAGES, SCHEMA, 5), model

    return ask


def test_a_request_follows_the_protocol(server, ask, talk, monkeypatch):
    monkeypatch.setenv("SOME_KEY", talk.key)
    server.script = lambda number, body: talk.completion("hello")
    reply, _ = ask(key_variable="SOME_KEY", temperature=0.5)
    assert (reply.text, reply.format, reply.finish) == ("hello", "json_schema", "stop")
    assert (reply.prompt_tokens, reply.completion_tokens) == (100, 50)
    assert server.paths == ["/v1/chat/completions"]
    assert server.headers[0]["Authorization"] == f"Bearer {talk.key}"
    (body,) = server.bodies
    assert body.pop("response_format") == {
        "type": "json_schema",
        "json_schema": {"name": "answer", "strict": True, "schema": SCHEMA},
    }
    assert body == {"model": "tiny", "messages": MESSAGES, "temperature": 0.5, "max_tokens": 500, "seed": 5}


def test_a_request_without_a_schema_is_for_plain_text_and_its_answer_is_recorded_as_such(server, ask, talk):
    server.script = lambda number, body: talk.completion("hello")
    _, model = ask()
    assert model.answer(MESSAGES, None, 5).format == "text"
    assert ["response_format" in body for body in server.bodies] == [True, False]


def test_without_a_key_nothing_is_signed_not_even_from_netrc(server, ask, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    ask()
    assert "Authorization" not in server.headers[0]


@pytest.mark.parametrize("status", [400, 422, 501])
def test_without_schemas_requests_fall_back_to_json_and_then_to_text(server, source, talk, status):
    def script(number, body):
        if body.get("response_format"):
            return talk.out(status, {"error": {"message": "response_format is not supported"}})
        return talk.completion("hello")

    server.script = script
    model = ServedModel(source)
    assert [model.answer(MESSAGES, SCHEMA, seed).format for seed in (1, 2)] == ["text", "text"]
    kinds = [(body.get("response_format") or {}).get("type") for body in server.bodies]
    assert kinds == ["json_schema", "json_object", None, None]  # what it learnt is not forgotten


def test_a_server_that_supports_only_json_objects(server, ask, talk):
    server.script = lambda number, body: (
        talk.out(400, "bad") if body["response_format"]["type"] == "json_schema" else talk.completion("{}")
    )
    assert ask()[0].format == "json_object"


def test_other_parameter_names_and_missing_seeds_are_found_too(server, ask, talk):
    def script(number, body):
        if "max_tokens" in body:
            return talk.out(400, {"error": {"message": "Use 'max_completion_tokens' instead."}})
        if "seed" in body:
            return talk.out(422, {"detail": [{"loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}]})
        return talk.completion("hello")

    server.script = script
    assert ask()[0].format == "json_schema"
    assert server.bodies[-1]["max_completion_tokens"] == 500


def test_threads_share_the_dialect(server, source, talk):
    server.script = lambda number, body: (
        talk.out(400, "no", before=lambda: time.sleep(0.05)) if "response_format" in body else talk.completion("hello")
    )
    model, formats = ServedModel(source), []
    threads = [
        threading.Thread(target=lambda seed=seed: formats.append(model.answer(MESSAGES, SCHEMA, seed).format))
        for seed in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert formats == ["text"] * 8


def test_a_request_that_fails_in_all_formats_is_reported(server, ask, talk):
    server.script = lambda number, body: talk.out(400, {"error": {"message": "the prompt is too long"}})
    with pytest.raises(
        UserError,
        match=r"^text\.openai\.model: the server at .* rejects the request \(HTTP 400: the prompt is too long\)",
    ):
        ask()
    assert len(server.bodies) == 3


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504, 520, 529])
def test_transient_errors_are_retried(server, ask, talk, status):
    server.script = lambda number, body: talk.out(status) if number < 2 else talk.completion("hello")
    reply, model = ask()
    assert (reply.text, model.retried, len(server.bodies)) == ("hello", 2, 3)
    assert 0.5 <= model.waited[0] <= 1 <= model.waited[1] <= 2


def test_no_more_attempts_than_allowed(server, ask, talk):
    server.script = lambda number, body: talk.out(500, {"error": {"message": "out of memory"}})
    with pytest.raises(
        RetriesExhausted,
        match=r"^text\.openai\.url: .*/v1/chat/completions did not answer after 3 attempts \(HTTP 500: out of memory\)",
    ):
        ask()
    assert len(server.bodies) == 3


@pytest.mark.parametrize(("status", "asked", "waited"), [(429, "7", 7), (503, "7", 7), (429, "9999", 60)])
def test_retry_after_is_respected(server, ask, talk, status, asked, waited):
    server.script = lambda number, body: (
        talk.out(status, headers={"Retry-After": asked}) if number == 0 else talk.completion("hello")
    )
    assert ask()[1].waited == [waited]


def test_retry_after_zero_means_backoff(server, ask, talk):
    server.script = lambda number, body: (
        talk.out(429, headers={"Retry-After": "0"}) if number < 2 else talk.completion("hello")
    )
    first, second = ask()[1].waited
    assert 0.5 <= first <= 1 <= second <= 2


@pytest.mark.parametrize("value", ["", "nan", "inf", "-5", "soon", "1e99", "٣", "Wed, 99 Foo", "9" * 50])
def test_an_invalid_retry_after_is_ignored(value):
    assert retry_after_seconds(value) is None


def test_retry_after_may_be_a_date():
    soon, past = (email.utils.formatdate(time.time() + seconds, usegmt=True) for seconds in (30, -30))
    assert 20 < retry_after_seconds(soon) <= 30
    assert retry_after_seconds(past) == 0


def test_waits_grow_and_differ():
    assert all(2**n / 2 <= backoff(n) <= min(2**n, LONGEST_WAIT) for n in range(6))
    assert all(30 <= backoff(n) <= 60 for n in (50, 5000))
    assert len({backoff(3) for _ in range(5)}) == 5


def test_timeouts_are_retried_once(server, ask, talk):
    release = threading.Event()
    server.script = lambda number, body: talk.out(before=lambda: release.wait(5))
    slowness = r"no answer within 0\.2 s, which text\.openai\.timeout sets"
    for retries, times in ((0, "1 attempt"), (5, "2 attempts")):  # it may still be at work on the first
        with pytest.raises(RetriesExhausted, match=rf"did not answer after {times} \({slowness}\)"):
            ask(timeout=0.2, retries=retries)
    release.set()


def test_retries_end_for_any_sequence_of_errors(server, ask, talk):
    release = threading.Event()
    server.script = lambda number, body: talk.out(503) if number < 2 else talk.out(before=lambda: release.wait(5))
    with pytest.raises(RetriesExhausted, match=r"did not answer after 3 attempts \(no answer within 0\.5 s"):
        ask(timeout=0.5, retries=5)
    release.set()


def test_a_temperature_that_is_too_high_is_reported(server, ask, talk):
    server.script = lambda number, body: talk.out(400, {"error": {"message": "temperature must be between 0 and 1"}})
    with pytest.raises(UserError, match=r"temperature must be between 0 and 1"):
        ask(temperature=1.5)
    assert all("temperature" in body for body in server.bodies)


def test_a_model_without_temperature_gets_none(server, ask, talk):
    refusal = "Unsupported parameter: 'temperature' is not supported with this model."
    server.script = lambda number, body: (
        talk.out(400, {"error": {"message": refusal}}) if "temperature" in body else talk.completion("hello")
    )
    assert ask()[0].format == "json_schema"
    assert "temperature" not in server.bodies[-1]


def test_further_settings_are_sent_and_change_none_of_ours(server, ask):
    ask(extra={"reasoning_effort": "low", "model": "another"})
    assert server.bodies[-1]["reasoning_effort"] == "low"
    assert server.bodies[-1]["model"] != "another"


def test_a_response_that_trickles_times_out(source, monkeypatch):
    class Dripping:
        status_code, headers = 200, {}
        __enter__ = lambda self: self  # noqa: E731
        __exit__ = lambda self, *error: None  # noqa: E731

        def iter_content(self, size):
            for _ in range(100):
                time.sleep(0.02)
                yield b" "

    monkeypatch.setattr(requests, "post", lambda *args, **kwargs: Dripping())
    with pytest.raises(RetriesExhausted, match=r"no answer within 0.1 s"):
        ServedModel(source | {"timeout": 0.1, "retries": 0}).answer(MESSAGES, SCHEMA, 1)


def test_no_connection(ask):
    with pytest.raises(RetriesExhausted, match="no connection"):
        ask(url="http://127.0.0.1:9/v1")


@pytest.mark.parametrize(
    "body", ["<html>hello</html>", "", "[]", "{}", '{"choices": []}', '{"choices": [{}]}', b"\xff\xfe", "[" * 9999]
)
def test_a_body_that_is_not_a_completion_is_retried(server, ask, talk, body):
    server.script = lambda number, _: talk.out(200, body) if number == 0 else talk.completion("hello")
    reply, model = ask()
    assert (reply.text, model.retried) == ("hello", 1)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (None, ""),
        (5, ""),
        ([{"type": "text", "text": "a"}, {"type": "image"}, 3, {"text": "b"}], "ab"),
        ("\ud800", "\ud800"),
    ],
)
def test_odd_contents(server, ask, talk, content, text):
    server.script = lambda number, body: talk.completion(
        content, finish=3, usage={"prompt_tokens": "7", "completion_tokens": True}
    )
    reply = ask()[0]
    assert (reply.text, reply.finish, reply.prompt_tokens, reply.completion_tokens) == (text, None, None, None)


def test_a_huge_answer_is_not_read_to_its_end(server, ask, talk):
    server.script = lambda number, body: talk.completion("x" * (5 << 20))
    reply = ask()[0]
    assert (reply.text, reply.finish) == ("", "too large")


def test_redirects_are_not_followed(server, ask, talk, monkeypatch):
    monkeypatch.setenv("SOME_KEY", talk.key)
    for status in (301, 302, 307, 308):
        server.script = lambda number, body, status=status: talk.out(
            status, headers={"Location": f"{server.url}/elsewhere?{talk.key}"}
        )
        with pytest.raises(
            UserError, match=r"^text\.openai\.url: .* redirects to .*/elsewhere.*give the final address"
        ) as refused:
            ask(key_variable="SOME_KEY")
        assert talk.key not in str(refused.value)
    assert set(server.paths) == {"/v1/chat/completions"}


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_named_but_not_shown(server, ask, talk, monkeypatch, status):
    monkeypatch.setenv("SOME_KEY", talk.key)
    padding = "x" * (200 - len("HTTP"))  # an echo at the place where the message is cut
    for echo in ({"error": {"message": f"wrong key: {talk.key}"}}, f"{padding[:190]} {talk.key}", {"odd": [talk.key]}):
        server.script = lambda number, body, echo=echo: talk.out(status, echo)
        with pytest.raises(
            UserError,
            match=rf"^text\.openai\.key_variable: .* rejects the key of the environment variable SOME_KEY.*HTTP {status}",
        ) as refused:
            ask(key_variable="SOME_KEY")
        assert talk.key[:6] not in str(refused.value)
    with pytest.raises(
        UserError, match=r"^text\.openai\.key_variable: .* requires a key .* name the environment variable"
    ):
        ask(key_variable=None)
    assert len(server.bodies) == 4


def test_an_unknown_model_or_address(server, ask, talk):
    server.script = lambda number, body: talk.out(404, {"detail": "no such\nmodel\x1b[31m"})
    with pytest.raises(UserError, match=r"no model 'tiny' \(HTTP 404: no such model \[31m\): check url and model"):
        ask()


def test_a_key_that_is_not_there(server, ask, monkeypatch):
    monkeypatch.delenv("SOME_KEY", raising=False)
    with pytest.raises(UserError, match=r"^text\.openai\.key_variable: the environment variable SOME_KEY is not set"):
        ask(key_variable="SOME_KEY")
    for odd in ("two\nlines", "ключ", "two words"):
        monkeypatch.setenv("SOME_KEY", odd)
        with pytest.raises(
            UserError, match="SOME_KEY contains spaces, control characters or non-ASCII characters"
        ) as refused:
            ask(key_variable="SOME_KEY")
        assert odd not in str(refused.value)
    assert server.bodies == []


def test_a_key_in_an_answer_is_masked(server, ask, talk, monkeypatch):
    monkeypatch.setenv("SOME_KEY", talk.key)
    server.script = lambda number, body: talk.completion(f"your key is {talk.key}", finish=talk.key)
    reply = ask(key_variable="SOME_KEY")[0]
    assert (reply.text, reply.finish) == ("your key is [key]", "[key]")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("localhost:8000", "is not a valid address"),
        ("file:///etc/passwd", "is not a valid address"),
        ("http://", "is not a valid address"),
        ("http://[::1", "is not a valid address"),
        ("http://a:99999/v1", "is not a valid address"),
        ("http://a b/v1", "is not a valid address"),
        ("http://me:pa55w0rd@host/v1", "contains a user name, a password,"),
        ("https://host/v1?key=pa55w0rd", "contains a user name, a password,"),
        ("https://host/v1#pa55w0rd", "contains a user name, a password,"),
        ("https://host/v1?", "contains a user name, a password,"),
    ],
)
def test_invalid_addresses(source, url, message):
    with pytest.raises(UserError, match=rf"^text\.openai\.url {message}") as refused:
        ServedModel(source | {"url": url})
    assert "pa55w0rd" not in str(refused.value)


def test_an_address_that_cannot_be_encoded_is_not_retried(ask):
    with pytest.raises(UserError, match=r"^text\.openai\.url: .* cannot be reached"):
        ask(url=f"http://{'a' * 70}..b/v1")


def test_a_slash_at_the_end_of_the_address_does_not_matter(server, ask, source):
    ask(url=source["url"] + "/")
    assert server.paths == ["/v1/chat/completions"]
