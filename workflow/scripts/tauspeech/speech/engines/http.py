"""Any server that speaks the protocol of OpenAI's `POST /audio/speech`."""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests

from tauspeech.errors import UserError
from tauspeech.speech.engine import Engine, Sound
from tauspeech.speech.engines.shared import key, mono, one_line, short_seed

_LARGEST = 64 * 2**20  # bytes of an answer: over ten minutes of sound at 48 kHz
_LONGEST_WAIT = 60.0
_CHUNK = 2**16
_DEFAULTS = {"key_variable": None, "timeout": 120, "retries": 5, "send_seed": False}
_PASSING = (requests.Timeout, requests.ConnectionError, requests.exceptions.ChunkedEncodingError)


def open_engine(model: dict[str, Any], language: str, sleep: Callable[[float], None] = time.sleep) -> Engine:
    model = _DEFAULTS | model
    address = urlsplit(model["url"])
    if address.scheme not in ("http", "https") or not address.hostname:
        raise UserError(f"{key(model, 'url')} is no address: give one such as http://localhost:8000/v1.")
    if address.username or address.password or address.query:
        raise UserError(
            f"{key(model, 'url')} holds a name, a password or a question mark, and would show in every message: give the "
            "plain address, and a secret by way of key_variable."
        )
    return _Server(model, _secret(model), sleep)


def _secret(model: dict[str, Any]) -> str:
    """What the environment holds as the key, or nothing."""
    if not (variable := model["key_variable"]):
        return ""
    secret = os.environ.get(variable, "").strip()
    if not secret:
        raise UserError(
            f"{key(model, 'key_variable')}: the environment variable {variable} is not set: export it, or give null "
            "where the server needs no key."
        )
    if not secret.isascii() or not secret.isprintable() or " " in secret:
        raise UserError(
            f"{key(model, 'key_variable')}: the environment variable {variable} holds blanks or letters that no key has: "
            "export it again."
        )
    return secret


class _Retry(Exception):
    """Why another try may succeed, and the seconds that the server asks to wait."""

    def __init__(self, reason: str, wait: float | None = None):
        super().__init__(reason)
        self.wait = wait


class _Server:
    def __init__(self, model: dict[str, Any], secret: str, sleep: Callable[[float], None]):
        self._model, self._secret, self._sleep = model, secret, sleep
        self._address = model["url"].rstrip("/") + "/audio/speech"
        self.speakers: list[str] = []  # the server knows them, and any name is good here
        self.version = f"http {model['model']} at {model['url']}"

    def say(self, text: str, speaker: str | None, seed: int) -> Sound:
        """What the server makes of it: the same again only where it honours a seed or draws no lots."""
        if speaker is None:
            raise UserError(
                f"key 'speech.voices': http/{self._model['name']} names no voice of its server: write one, such as "
                f"http/{self._model['name']}/alloy."
            )
        content = {"model": self._model["model"], "input": text, "voice": speaker, "response_format": "wav"}
        if self._model["send_seed"]:
            content["seed"] = short_seed(seed)
        audio = self._answer(content)
        try:
            return mono(_with_length(audio))
        except ValueError as error:
            raise self._error(f"sent no sound that can be read ({error}): {self._shown(audio)}", "model") from None

    def _answer(self, content: dict[str, Any]) -> bytes:
        """The body of a good answer, with patience for a server that is busy or away."""
        retries = self._model["retries"]
        for number in range(retries + 1):
            try:
                return self._ask(content)
            except _Retry as reason:
                if number == retries:
                    tries = "once" if not retries else f"{retries + 1} times"
                    raise self._error(
                        f"was asked {tries} without success ({reason}): see to it, then run again"
                    ) from None
                wait = 2.0**number if reason.wait is None else reason.wait
                self._sleep(min(wait, _LONGEST_WAIT))
        raise AssertionError

    def _ask(self, content: dict[str, Any]) -> bytes:
        # A function for `auth` also keeps requests from taking a name and password of its own out of ~/.netrc.
        deadline = time.monotonic() + self._model["timeout"]
        try:
            with requests.post(
                self._address,
                json=content,
                auth=self._signed,
                timeout=self._model["timeout"],
                allow_redirects=False,
                stream=True,
            ) as answer:
                body = self._body(answer, deadline)
        except requests.Timeout:
            raise _Retry(f"no answer within {self._model['timeout']} seconds") from None
        except _PASSING as error:
            # Of urllib3's nested sentences the last one tells.
            cause = getattr(error.args[0], "reason", error) if error.args else error
            raise _Retry(self._shown(str(cause).split(": ")[-1])) from None
        except requests.RequestException as error:
            raise self._error(f"cannot be asked ({self._shown(str(error))})") from None
        self._check(answer, body)
        return body

    def _signed(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._secret:
            request.headers["Authorization"] = f"Bearer {self._secret}"
        return request

    def _body(self, answer: requests.Response, deadline: float) -> bytes:
        parts, size = [], 0
        for part in answer.iter_content(_CHUNK):
            parts.append(part)
            size += len(part)
            if size > _LARGEST:
                raise self._error(f"sent more than {_LARGEST >> 20} MB for one sentence: check the address")
            if time.monotonic() > deadline:
                raise requests.Timeout
        return b"".join(parts)

    def _check(self, answer: requests.Response, body: bytes) -> None:
        status = answer.status_code
        if status == 200:
            return
        told = f"{status}: {self._shown(body)}"
        if status in (408, 429) or status >= 500:
            raise _Retry(told, _asked_wait(answer.headers.get("Retry-After")))
        if 300 <= status < 400:
            place = self._shown(answer.headers.get("Location", "nowhere"))
            raise self._error(f"sends on to {place} ({status}): give the final address")
        if status in (401, 403):
            variable = self._model["key_variable"]
            what = f"the key in {variable}" if variable else "a request without a key: name a key_variable"
            raise self._error(f"refused {what} ({told})", "key_variable")
        raise self._error(f"refused the request ({told}): check model, voice and url", "model")

    def _error(self, what: str, setting: str = "url") -> UserError:
        return UserError(f"{key(self._model, setting)}: the server at {self._address} {what}.")

    def _shown(self, text: str | bytes) -> str:
        """What the server said, without the key should it have said that."""
        if isinstance(text, bytes):
            text = "data that is no text" if b"\0" in text[:256] else text.decode("utf-8", "replace")
        return one_line(text.replace(self._secret, "***") if self._secret else text) or "an empty answer"


def _with_length(audio: bytes) -> bytes:
    """A WAV that was sent before its length was known has none in its header."""
    place = audio.find(b"data", 12, 4096) + 4
    if not audio.startswith(b"RIFF") or place < 16 or audio[place : place + 4] != bytes(4):
        return audio
    return audio[:place] + (len(audio) - place - 4).to_bytes(4, "little") + audio[place + 4 :]


def _asked_wait(header: str | None) -> float | None:
    """Seconds of a Retry-After, which is a number or a date."""
    if header is None:
        return None
    try:
        return max(0.0, float(header)) if header.strip().isdigit() else _seconds_until(header)
    except (ValueError, TypeError):
        return None


def _seconds_until(date: str) -> float:
    return max(0.0, (parsedate_to_datetime(date) - datetime.now(UTC)).total_seconds())
