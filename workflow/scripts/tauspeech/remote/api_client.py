"""A server of the user's that is asked over HTTP.

Its key is read from the environment when a request is due, is kept nowhere and shown nowhere.
"""

import json
import os
import random
import re
import threading
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn, TypeVar

import requests

from tauspeech.remote.addresses import checked
from tauspeech.runtime.errors import UserError, one_line

LONGEST_WAIT = 60.0  # seconds between two tries
MASK = "[key]"
_CHUNK = 2**16

Read = TypeVar("Read")


class NoAnswer(Exception):
    """A server did not answer although it was asked several times; the text says which one and why."""


class Refused(UserError):
    """A server that will not answer this request, however often it is asked."""

    def __init__(self, message: str, status: int, reason: str):
        super().__init__(message)
        self.status, self.reason = status, reason


class Passing(Exception):
    """A trouble that may be over soon, and the seconds that the server asks to wait."""

    def __init__(self, reason: str, wait: float | None = None, slow: bool = False):
        super().__init__(reason)
        self.wait, self.slow = wait, slow


class Server:
    """One model of a server. Several threads may ask at the same time.

    ``where`` is the place of its settings in the configuration, e.g. text.openai, and ``check`` names those that a
    refusal may be due to.
    """

    def __init__(
        self,
        settings: dict[str, Any],
        path: str,
        where: str,
        check: str,
        largest: int,
        sleep: Callable[[float], None] = time.sleep,
    ):
        self.address = checked(settings["url"], where).rstrip("/") + path
        self.retried = 0
        self._model: str = settings["model"]
        self._variable: str | None = settings["key_variable"]
        self._timeout: float = settings["timeout"]
        self._retries: int = settings["retries"]
        self._where, self._check, self._largest, self._sleep = where, check, largest, sleep
        self._lock = threading.Lock()

    def ask(self, content: dict[str, Any], read: Callable[[bytes | None], Read]) -> Read:
        """What is read from a good answer, which is None if it was too large; reading may raise Passing, too."""
        tries = 0
        while True:
            try:
                return read(self._post(content))
            except Passing as trouble:
                # A server that was too slow may still be at the first request while it gets the next.
                if tries >= (min(self._retries, 1) if trouble.slow else self._retries):
                    asked = f"{tries + 1} times" if tries else "once"
                    raise NoAnswer(self._told("url", f"was asked {asked} without success ({trouble})")) from None
                self._sleep(trouble.wait or backoff(tries))  # one that says "at once" is busy all the same
                tries += 1
                with self._lock:
                    self.retried += 1

    def key(self) -> str:
        """What the environment holds as the key, or nothing where none is needed."""
        if self._variable is None:
            return ""
        place = f"{self._where}.key_variable: the environment variable {self._variable}"
        if not (key := self._held()):
            raise UserError(f"{place} is not set: export it, or give null where the server needs no key.")
        if not key.isascii() or not key.isprintable() or " " in key:
            raise UserError(f"{place} holds blanks or letters that no key has: export it again.")
        return key

    def masked(self, text: str) -> str:
        """What the server said, without the key should it have said that."""
        # A word such as "none", which local servers take for a key, is no secret and may stand in a sentence.
        return text.replace(key, MASK) if len(key := self._held()) >= 8 else text

    def said(self, body: bytes) -> str:
        """The point of what came in place of an answer, on one short line."""
        if b"\0" in body[:256]:
            return "data that is no text"
        text = body.decode("utf-8", "replace")
        try:
            content = json.loads(text)
            for name in ("error", "message", "detail"):
                content = content.get(name, content) if isinstance(content, dict) else content
            text = content if isinstance(content, str) else json.dumps(content)
        except (ValueError, RecursionError):
            pass
        return one_line(self.masked(text)) or "an empty answer"

    def error(self, setting: str, what: str) -> UserError:
        """For the user, who finds the cause at a setting."""
        return UserError(f"{self._told(setting, what)}.")

    def _post(self, content: dict[str, Any]) -> bytes | None:
        key, deadline = self.key(), time.monotonic() + self._timeout

        def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
            if key:
                request.headers["Authorization"] = f"Bearer {key}"
            return request

        # A function that signs, as requests would else put a password of ~/.netrc in place of the key.
        manner: dict[str, Any] = {"auth": sign, "timeout": self._timeout, "stream": True, "allow_redirects": False}
        try:
            headers = {"Accept-Encoding": "identity"}
            with requests.post(self.address, json=content, headers=headers, **manner) as answer:
                body = self._body(answer, deadline)
        except ValueError as error:  # no request could be made of it at all
            raise self.error("url", f"cannot be asked ({one_line(self.masked(str(error)))})") from None
        except requests.RequestException as error:
            late = isinstance(error, requests.Timeout) or "timed out" in str(error)
            slow = late and not isinstance(error, requests.ConnectTimeout)
            raise Passing(self._slowness() if late else self._trouble(error), slow=slow) from None
        if answer.status_code != 200:
            self._refuse(answer, self.said(body or b""))
        return body

    def _body(self, answer: requests.Response, deadline: float) -> bytes | None:
        body = bytearray()
        for chunk in answer.iter_content(_CHUNK):
            body += chunk
            if len(body) > self._largest:
                return None
            if time.monotonic() > deadline:
                raise requests.Timeout
        return bytes(body)

    def _refuse(self, answer: requests.Response, reason: str) -> NoReturn:
        status, told = answer.status_code, f"(HTTP {answer.status_code}: {reason})"
        setting = "model"
        if status in (408, 409, 425, 429) or (status >= 500 and status != 501):
            raise Passing(f"HTTP {status}: {reason}", wait_of(answer.headers.get("Retry-After", "")))
        if 300 <= status < 400:
            place = one_line(self.masked(answer.headers.get("Location", "nowhere")))
            setting, what = "url", f"redirects to {place} (HTTP {status}), where no key is sent: give the final address"
        elif status in (401, 403) and self._variable:
            what = f"refuses the key of the environment variable {self._variable} {told}: put a valid key there"
            setting = "key_variable"
        elif status in (401, 403):
            setting, what = "key_variable", f"wants a key {told}: name the environment variable that holds it"
        elif status == 404:
            what = f"has no such address or no model '{self._model}' {told}: check {self._check}"
        else:
            what = f"refuses the request {told}: check {self._check}"
        raise Refused(f"{self._told(setting, what)}.", status, reason)

    def _told(self, setting: str, what: str) -> str:
        return f"{self._where}.{setting}: the server at {self.address} {what}"

    def _held(self) -> str:
        return os.environ.get(self._variable, "").strip() if self._variable else ""

    def _slowness(self) -> str:
        return f"no answer within {self._timeout:g} s, which {self._where}.timeout sets"

    def _trouble(self, error: requests.RequestException) -> str:
        """In our own words as far as they go: the library's hold whole requests."""
        if isinstance(error, requests.exceptions.ChunkedEncodingError):
            return "the answer broke off"
        if not isinstance(error, requests.ConnectionError):
            return type(error).__name__
        # Of urllib3's nested sentences the last one tells.
        cause = getattr(error.args[0], "reason", error) if error.args else error
        told = one_line(self.masked(str(cause).split(": ")[-1]))
        secure = isinstance(error, requests.exceptions.SSLError)
        return f"{'its certificate is not accepted' if secure else 'no connection'}: {told}"


def wait_of(value: str) -> float | None:
    """Seconds of a Retry-After, which is a number or a date, within reason."""
    value = value.strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", value, re.ASCII):
        return min(float(value), LONGEST_WAIT)
    try:
        return min(max(parsedate_to_datetime(value).timestamp() - time.time(), 0.0), LONGEST_WAIT)
    except (ValueError, TypeError, OverflowError):
        return None


def backoff(tries: int) -> float:
    """Longer after each try, and never the same for two that failed together."""
    return min(2.0 ** min(tries, 10), LONGEST_WAIT) * random.uniform(0.5, 1.0)
