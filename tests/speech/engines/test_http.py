"""A server of speech: a small one on this machine, which fails in every way."""

import io
import json
import struct
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import requests
import soundfile

from tauspeech.runtime.errors import UserError
from tauspeech.speech.engines import http
from tauspeech.speech.engines.http import open_engine

KEY = "sk-very-secret-4711"


def spoken(text, rate=22_050, channels=1, format="WAV"):
    """A tone that the text decides on."""
    samples = 0.1 * np.sin(np.arange(2000) * (0.01 + 0.001 * len(text)))
    buffer = io.BytesIO()
    soundfile.write(buffer, np.stack([samples] * channels, axis=1), rate, format=format)
    return buffer.getvalue()


class Server:
    """Answers one after the other: (status, body, headers) or a function of the handler; then good ones."""

    def __init__(self):
        self.asked, self.answers = [], []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.asked.append((self.path, dict(self.headers), content))
                answer = outer.answers.pop(0) if outer.answers else (200, spoken(content["input"]), {})
                if callable(answer):
                    answer(self)
                    return
                status, body, headers = answer
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server(monkeypatch, tmp_path):
    monkeypatch.setenv("SPEECH_KEY", KEY)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    made = Server()
    yield made
    made.close()


@pytest.fixture
def slept():
    return []


@pytest.fixture
def opened(server, slept):
    def open_one(**settings):
        model = {"engine": "http", "name": "mine", "url": server.url, "model": "tts-1", "key_variable": "SPEECH_KEY"}
        return open_engine(model | settings, "en", sleep=slept.append)

    return open_one


def grew(slept, most):
    """Whether each wait was at most so long, and at least half of it."""
    return len(slept) == len(most) and all(wait / 2 <= each <= wait for each, wait in zip(slept, most, strict=True))


def refused(engine, message):
    """The error message, which must not contain the key."""
    with pytest.raises(UserError, match=message) as caught:
        engine.synthesise("hello", "alloy", 1)
    assert KEY not in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_sentence_is_requested_and_decoded(server, opened, slept):
    engine = opened()
    sound = engine.synthesise('say "hello"\nthere', "alloy", 12345)
    assert engine.speakers == []
    assert engine.version == "http tts-1"
    ((path, headers, content),) = server.asked
    assert path == "/v1/audio/speech"
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert content == {
        "model": "tts-1",
        "input": 'say "hello"\nthere',
        "voice": "alloy",
        "response_format": "wav",
    }
    assert (sound.rate, sound.samples.dtype, sound.samples.shape) == (22_050, np.float32, (2000,))
    expected, _ = soundfile.read(io.BytesIO(spoken('say "hello"\nthere')), dtype="float32")
    np.testing.assert_array_equal(sound.samples, expected)
    np.testing.assert_array_equal(engine.synthesise('say "hello"\nthere', "alloy", 1).samples, expected)
    assert slept == []


def test_the_seed_is_sent_where_the_server_takes_one(server, opened):
    engine = opened(send_seed=True)
    engine.synthesise("hello", "alloy", 5)
    engine.synthesise("hello", "alloy", 2**62 + 5)
    assert [content["seed"] for _, _, content in server.asked] == [5, 5]


def test_a_server_without_a_key_gets_none(server, opened, tmp_path):
    """Not even one from ~/.netrc, which requests would look up by itself."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password hidden\n", encoding="utf-8")
    opened(key_variable=None).synthesise("hello", "alloy", 1)
    opened().synthesise("hello", "alloy", 1)
    assert [headers.get("Authorization") for _, headers, _ in server.asked] == [None, f"Bearer {KEY}"]


@pytest.mark.parametrize("url", ["{}/", "{}"])
def test_a_slash_at_the_end_of_the_address_does_no_harm(server, opened, url):
    opened(url=url.format(server.url)).synthesise("hello", "alloy", 1)
    assert server.asked[0][0] == "/v1/audio/speech"


@pytest.mark.parametrize(("format", "channels"), [("WAV", 2), ("FLAC", 1), ("MP3", 1)])
def test_other_formats_and_stereo_are_read_too(server, opened, format, channels):
    server.answers = [(200, spoken("hello", 24_000, channels, format), {})]
    sound = opened().synthesise("hello", "alloy", 1)
    assert sound.rate == 24_000
    assert sound.samples.ndim == 1
    assert len(sound.samples) >= 2000


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0])
def test_a_wav_sent_before_its_length_was_known_is_read(server, opened, size):
    """Like servers that stream audio during synthesis."""
    wav = bytearray(spoken("hello"))
    place = wav.index(b"data") + 4
    wav[4:8] = wav[place : place + 4] = struct.pack("<I", size)
    server.answers = [(200, bytes(wav), {})]
    assert len(opened().synthesise("hello", "alloy", 1).samples) == 2000


def test_a_busy_server_is_retried_with_backoff(server, opened, slept):
    server.answers = [(status, b"later", {}) for status in (409, 429, 500, 503, 529)]
    assert len(opened().synthesise("hello", "alloy", 1).samples) == 2000
    assert grew(slept, [1, 2, 4, 8, 16])
    assert len({json.dumps(content) for _, _, content in server.asked}) == 1


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("7", 7, 7),
        ("0", 0.5, 1),
        ("86400", 60, 60),
        pytest.param(formatdate(time.time() + 3600, usegmt=True), 60, 60, id="in_an_hour"),
        pytest.param(formatdate(time.time() - 3600, usegmt=True), 0.5, 1, id="an_hour_ago"),
        ("soon", 0.5, 1),
        ("-5", 0.5, 1),
        ("nan", 0.5, 1),
    ],
)
def test_retry_after_is_respected(server, opened, slept, header, least, most):
    server.answers = [(429, b"", {"Retry-After": header})]
    opened().synthesise("hello", "alloy", 1)
    assert len(slept) == 1
    assert least <= slept[0] <= most


def test_retries_end(server, opened, slept):
    server.answers = [(500, b'{"error": {"message": "out of memory"}}', {})] * 9
    message = refused(
        opened(retries=3),
        r"^speech\.models\.http\.mine\.url: the server at .* did not answer after 4 attempts .*500: .*out of",
    )
    assert server.url in message
    assert len(server.asked) == 4
    assert grew(slept, [1, 2, 4])
    refused(opened(retries=0), "did not answer after 1 attempt")


def test_waiting_never_grows_beyond_a_minute(server, opened, slept):
    server.answers = [(500, b"", {})] * 8
    opened(retries=8).synthesise("hello", "alloy", 1)
    assert grew(slept, [1, 2, 4, 8, 16, 32, 60, 60])


def hang_up(handler):
    handler.connection.close()


def half(handler):
    body = spoken("hello")
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body[:100])
    handler.wfile.flush()
    handler.connection.shutdown(2)


def silent(handler):
    time.sleep(10)


def dripping(handler):
    """Never long enough without a byte for a time-out between two of them."""
    handler.send_response(200)
    handler.end_headers()
    try:
        for _ in range(100):
            handler.wfile.write(b"x" * 70_000)
            handler.wfile.flush()
            time.sleep(0.1)
    except OSError:
        pass


@pytest.mark.parametrize("trouble", [hang_up, half, silent, dripping])
def test_a_broken_connection_is_retried(server, opened, slept, trouble):
    server.answers = [trouble]
    assert len(opened(timeout=2).synthesise("hello", "alloy", 1).samples) == 2000  # long enough for the good answer
    assert grew(slept, [1])


def test_a_server_that_is_slow_or_away_is_named(server, opened):
    server.answers = [silent] * 2
    refused(
        opened(timeout=0.2, retries=1),
        r"mine\.url: .* did not answer after 2 attempts \(no answer within 0\.2 s, which .*timeout sets\)",
    )
    refused(opened(url="http://127.0.0.1:1/v1", retries=1), r"mine\.url: .* did not answer after .* \(.*refused")


@pytest.mark.parametrize(
    "body", [b"", b"<html>welcome</html>", json.dumps({"key": KEY}).encode(), b"RIFF____WAVEjunk", bytes(99)]
)
def test_a_response_that_is_not_audio_is_reported(server, opened, body):
    server.answers = [(200, body, {})]
    refused(opened(), r"^speech\.models\.http\.mine\.model: the server at .* sent audio that cannot be read")
    assert len(server.asked) == 1


def test_audio_without_samples_is_reported(server, opened):
    buffer = io.BytesIO()
    soundfile.write(buffer, np.zeros(0), 16_000, format="WAV")
    server.answers = [(200, buffer.getvalue(), {})]
    refused(opened(), r"sent audio that cannot be read \(it holds no samples\)")


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_key_is_reported_without_being_shown(server, opened, slept, status):
    server.answers = [(status, f'{{"error": "no such key: {KEY}, {KEY}"}}'.encode(), {})]
    message = refused(
        opened(),
        rf"mine\.key_variable: .* rejects the key of the environment variable SPEECH_KEY \(HTTP {status}: .*\[key\]",
    )
    assert "4711" not in message
    assert slept == []
    server.answers = [(status, b"who are you?", {})]
    refused(opened(key_variable=None), r"mine\.key_variable: .* requires a key .*: name the environment variable")


def test_a_key_across_the_end_of_what_is_shown_is_not_shown_in_part(server, opened):
    server.answers = [(400, b"x" * 190 + KEY.encode() + b"y" * 500, {})]
    assert "sk-very" not in refused(opened(), "rejects the request")


@pytest.mark.parametrize("status", [400, 404, 422])
def test_a_wrong_request_is_not_repeated(server, opened, slept, status):
    server.answers = [(status, b'{"detail": "unknown\nvoice"}' + b" long" * 1000, {})]
    message = refused(opened(), rf"mine\.model: .* \(HTTP {status}: .*unknown voice.*: check url, model and voice\.$")
    assert len(message) < 500
    assert slept == []


def test_a_server_that_sends_on_is_not_followed(server, opened):
    server.answers = [(307, b"", {"Location": f"http://127.0.0.1:9/?key={KEY}"})]
    refused(
        opened(),
        r"mine\.url: .* redirects to http://127\.0\.0\.1:9/\?key=\[key\] \(HTTP 307\).*: give the final address",
    )
    assert len(server.asked) == 1


def test_an_endless_answer_is_cut_off(server, opened, monkeypatch):
    monkeypatch.setattr(http, "_LARGEST", 2**20)
    sent = []

    def flood(handler):
        handler.send_response(200)
        handler.end_headers()
        try:
            for _ in range(500):
                handler.wfile.write(b"x" * 2**20)
                sent.append(1)
        except OSError:
            pass

    server.answers = [flood]
    refused(opened(), r"mine\.url: .* sent more than 1 MB for one sentence")
    time.sleep(0.1)
    assert len(sent) < 50


def test_a_small_answer_that_unpacks_to_a_large_one_is_cut_off(server, opened, monkeypatch):
    import gzip

    monkeypatch.setattr(http, "_LARGEST", 2**20)
    server.answers = [(200, gzip.compress(bytes(2**26)), {"Content-Encoding": "gzip"})]
    refused(opened(), "sent more than 1 MB for one sentence")


def test_a_voice_has_to_be_named(server, opened):
    with pytest.raises(
        UserError, match=r"^key 'speech\.voices': http/mine names no voice .* such as http/mine/alloy\.$"
    ):
        opened().synthesise("hello", None, 1)
    assert server.asked == []


def test_a_key_that_is_not_there_is_named(opened, monkeypatch):
    for content in ("", "  "):
        monkeypatch.setenv("SPEECH_KEY", content)
        with pytest.raises(
            UserError, match=r"^speech\.models\.http\.mine\.key_variable: .* SPEECH_KEY is not set: export it"
        ):
            opened()
    monkeypatch.delenv("SPEECH_KEY")
    with pytest.raises(UserError, match="SPEECH_KEY is not set"):
        opened()


@pytest.mark.parametrize("content", ["sk-1\nX-Other: 1", "sk 4711", "schlüssel-4711"])
def test_a_key_that_would_break_the_request_is_refused_unseen(opened, monkeypatch, content):
    monkeypatch.setenv("SPEECH_KEY", content)
    with pytest.raises(UserError, match=r"mine\.key_variable: .* contains spaces, control characters or") as caught:
        opened()
    assert content not in str(caught.value)


def test_blanks_around_a_key_are_no_part_of_it(server, opened, monkeypatch):
    monkeypatch.setenv("SPEECH_KEY", f" {KEY}\n")
    opened().synthesise("hello", "alloy", 1)
    assert server.asked[0][1]["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("url", ["localhost:8000/v1", "ftp://localhost/v1", "http://", "", "file:///etc/passwd"])
def test_an_address_that_is_none_is_named(opened, url):
    with pytest.raises(
        UserError, match=r"^speech\.models\.http\.mine\.url is not a valid address: give one such as http://"
    ):
        opened(url=url)


@pytest.mark.parametrize("url", [f"http://me:{KEY}@localhost/v1", f"http://localhost/v1?key={KEY}"])
def test_an_address_with_a_secret_is_refused_unseen(opened, url):
    with pytest.raises(UserError, match=r"mine\.url contains a user name, a password, a query or a fragment") as caught:
        opened(url=url)
    assert KEY not in str(caught.value)


def test_any_other_error_of_requests_is_one_sentence(opened, monkeypatch):
    def fails(*_, **__):
        raise requests.exceptions.InvalidURL(f"bad: {KEY}")

    monkeypatch.setattr(requests, "post", fails)
    refused(opened(), r"mine\.url: the server at .* cannot be reached \(bad: \[key\]\)")
