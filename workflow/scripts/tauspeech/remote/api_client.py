"""HTTP client for OpenAI-compatible servers: retries, size limits and error messages.

The API key is read from the environment for each request; it is neither stored nor shown in messages.
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

LONGEST_WAIT = 60.0  # seconds between two attempts
MASK = "[key]"
_CHUNK = 2**16

Read = TypeVar("Read")


class RetriesExhausted(Exception):
    """All attempts of a request failed; the message names the server and the last error."""


class RequestRejected(UserError):
    """The server rejected the request with a status that a retry cannot change."""

    def __init__(self, message: str, status: int, reason: str):
        super().__init__(message)
        self.status, self.reason = status, reason


class TransientError(Exception):
    """An error that a retry may solve. ``wait``: seconds that the server asks to wait; ``slow``: the request timed out."""

    def __init__(self, reason: str, wait: float | None = None, slow: bool = False):
        super().__init__(reason)
        self.wait, self.slow = wait, slow


class ApiClient:
    """Client for one endpoint and model of a server; safe to share between threads.

    ``where`` is the configuration key of its settings, e.g. text.openai. ``check`` names the settings to check when a
    request is rejected; ``largest`` is the most bytes of a response.
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

    def post(self, content: dict[str, Any], read: Callable[[bytes | None], Read]) -> Read:
        """Result of ``read`` for the body of a successful response, or for None if the body was too large.

        ``read`` may raise TransientError, which is retried like a failed request.
        """
        retries = 0
        while True:
            try:
                return read(self._post(content))
            except TransientError as error:
                # After a timeout the server may still process the first request when it gets the next one.
                if retries >= (min(self._retries, 1) if error.slow else self._retries):
                    attempts = f"{retries + 1} attempts" if retries else "1 attempt"
                    raise RetriesExhausted(self._message("url", f"did not answer after {attempts} ({error})")) from None
                self._sleep(error.wait or backoff(retries))  # "Retry-After: 0" of a busy server counts as no value
                retries += 1
                with self._lock:
                    self.retried += 1

    def key(self) -> str:
        """API key from the environment, or an empty string if the server needs none."""
        if self._variable is None:
            return ""
        place = f"{self._where}.key_variable: the environment variable {self._variable}"
        if not (key := self._key_value()):
            raise UserError(f"{place} is not set: export it, or set key_variable to null if the server needs no key.")
        if not key.isascii() or not key.isprintable() or " " in key:
            raise UserError(f"{place} contains spaces, control characters or non-ASCII characters: export it again.")
        return key

    def mask_key(self, text: str) -> str:
        """Mask the API key in a server reply."""
        # A placeholder key such as "none", for local servers, is no secret and may be part of a sentence.
        return text.replace(key, MASK) if len(key := self._key_value()) >= 8 else text

    def summary(self, body: bytes) -> str:
        """One-line summary of an error response."""
        if b"\0" in body[:256]:
            return "binary data"
        text = body.decode("utf-8", "replace")
        try:
            content = json.loads(text)
            for name in ("error", "message", "detail"):
                content = content.get(name, content) if isinstance(content, dict) else content
            text = content if isinstance(content, str) else json.dumps(content)
        except (ValueError, RecursionError):
            pass
        return one_line(self.mask_key(text)) or "an empty response"

    def error(self, setting: str, what: str) -> UserError:
        """Error that names the setting that causes it."""
        return UserError(f"{self._message(setting, what)}.")

    def _post(self, content: dict[str, Any]) -> bytes | None:
        key, deadline = self.key(), time.monotonic() + self._timeout

        def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
            if key:
                request.headers["Authorization"] = f"Bearer {key}"
            return request

        # An auth function, because requests would otherwise replace the header by a password of ~/.netrc.
        options: dict[str, Any] = {"auth": sign, "timeout": self._timeout, "stream": True, "allow_redirects": False}
        try:
            headers = {"Accept-Encoding": "identity"}
            with requests.post(self.address, json=content, headers=headers, **options) as response:
                body = self._body(response, deadline)
        except ValueError as error:  # the address cannot be encoded
            raise self.error("url", f"cannot be reached ({one_line(self.mask_key(str(error)))})") from None
        except requests.RequestException as error:
            timed_out = isinstance(error, requests.Timeout) or "timed out" in str(error)
            slow = timed_out and not isinstance(error, requests.ConnectTimeout)
            raise TransientError(
                self._timeout_text() if timed_out else self._connection_text(error), slow=slow
            ) from None
        if response.status_code != 200:
            self._raise_for_status(response, self.summary(body or b""))
        return body

    def _body(self, response: requests.Response, deadline: float) -> bytes | None:
        body = bytearray()
        for chunk in response.iter_content(_CHUNK):
            body += chunk
            if len(body) > self._largest:
                return None
            if time.monotonic() > deadline:
                raise requests.Timeout
        return bytes(body)

    def _raise_for_status(self, response: requests.Response, reason: str) -> NoReturn:
        status, detail = response.status_code, f"(HTTP {response.status_code}: {reason})"
        setting = "model"
        if status in (408, 409, 425, 429) or (status >= 500 and status != 501):
            raise TransientError(
                f"HTTP {status}: {reason}", retry_after_seconds(response.headers.get("Retry-After", ""))
            )
        if 300 <= status < 400:
            place = one_line(self.mask_key(response.headers.get("Location", "nowhere")))
            setting, what = (
                "url",
                f"redirects to {place} (HTTP {status}), and the key is not sent to another address: give the final address",
            )
        elif status in (401, 403) and self._variable:
            what = f"rejects the key of the environment variable {self._variable} {detail}: set it to a valid key"
            setting = "key_variable"
        elif status in (401, 403):
            setting, what = "key_variable", f"requires a key {detail}: name the environment variable that holds it"
        elif status == 404:
            what = f"has no such address or no model '{self._model}' {detail}: check {self._check}"
        else:
            what = f"rejects the request {detail}: check {self._check}"
        raise RequestRejected(f"{self._message(setting, what)}.", status, reason)

    def _message(self, setting: str, what: str) -> str:
        return f"{self._where}.{setting}: the server at {self.address} {what}"

    def _key_value(self) -> str:
        return os.environ.get(self._variable, "").strip() if self._variable else ""

    def _timeout_text(self) -> str:
        return f"no answer within {self._timeout:g} s, which {self._where}.timeout sets"

    def _connection_text(self, error: requests.RequestException) -> str:
        """Short text for a connection error; the messages of requests contain the whole request."""
        if isinstance(error, requests.exceptions.ChunkedEncodingError):
            return "the response was cut off"
        if not isinstance(error, requests.ConnectionError):
            return type(error).__name__
        # urllib3 nests messages; the cause is the last part.
        cause = getattr(error.args[0], "reason", error) if error.args else error
        reason = one_line(self.mask_key(str(cause).split(": ")[-1]))
        secure = isinstance(error, requests.exceptions.SSLError)
        return f"{'its certificate is not accepted' if secure else 'no connection'}: {reason}"


def retry_after_seconds(value: str) -> float | None:
    """Seconds of a Retry-After header (a number or a date), at most LONGEST_WAIT; None if it is neither."""
    value = value.strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", value, re.ASCII):
        return min(float(value), LONGEST_WAIT)
    try:
        return min(max(parsedate_to_datetime(value).timestamp() - time.time(), 0.0), LONGEST_WAIT)
    except (ValueError, TypeError, OverflowError):
        return None


def backoff(retries: int) -> float:
    """Exponential backoff in seconds, with random jitter so that parallel requests do not retry together."""
    return min(2.0 ** min(retries, 10), LONGEST_WAIT) * random.uniform(0.5, 1.0)
