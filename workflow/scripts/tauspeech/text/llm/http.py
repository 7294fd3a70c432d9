"""A chat model behind an address that speaks OpenAI's protocol."""

import json
import os
import random
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests

from tauspeech.errors import UserError
from tauspeech.text.llm.chat import USAGE, Message, NoAnswer, Reply, whole_number

FORMATS = ("json_schema", "json_object", "text")
MOST_BYTES = 4 << 20
LONGEST_WAIT = 60.0  # seconds between two tries
PASSING = {408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529}
MASK = "[key]"


@dataclass(frozen=True)
class Dialect:
    """What servers disagree on; a refusal teaches which one this server speaks."""

    format: str = FORMATS[0]
    limit: str = "max_tokens"  # OpenAI's newer models want another name, older servers know only this one
    seeded: bool = True

    def next(self, reason: str) -> "Dialect | None":
        """Another one to try after a refusal, or nothing if all were tried."""
        if self.limit == "max_tokens" and "max_completion_tokens" in reason:
            return replace(self, limit="max_completion_tokens")
        if self.seeded and re.search(r"\bseed\b", reason):
            return replace(self, seeded=False)
        rest = FORMATS[FORMATS.index(self.format) + 1 :]
        return replace(self, format=rest[0]) if rest else None


class Passing(Exception):
    """A trouble that may be over soon."""

    def __init__(self, reason: str, wait: float | None = None):
        super().__init__(reason)
        self.wait = wait


@dataclass(frozen=True)
class Response:
    status: int
    headers: Any
    body: bytes | None  # None if it was larger than anything a model writes


class Server:
    """One model of a server. The key is read from the environment when the first request is due, and kept nowhere."""

    kind = "openai"
    formats = FORMATS
    wave = 8

    def __init__(self, source: dict[str, Any], sleep: Callable[[float], None] = time.sleep):
        self.url = f"{checked(source['url']).rstrip('/')}/chat/completions"
        self.model: str = source["model"]
        self.temperature: float = source["temperature"]
        self.new_tokens: int = source["new_tokens"]
        self.concurrency: int = source["concurrency"]
        self.timeout: float = source["timeout"]
        self.retries: int = source["retries"]
        self.key_variable: str | None = source["key_variable"]
        self.retried = 0
        self._dialect = Dialect()
        self._lock = threading.Lock()
        self._sleep = sleep

    def answer(self, messages: Sequence[Message], schema: dict[str, Any], seed: int) -> Reply:
        """One answer, after as many tries as are allowed."""
        tries = 0
        while True:
            dialect = self._dialect
            try:
                response = self._post(self._request(messages, schema, seed, dialect))
                if response.status == 200:
                    return self._reply(response, dialect.format)
                reason = self._reason(response)
                if response.status in PASSING:
                    raise Passing(f"HTTP {response.status}: {reason}", wait_of(response.headers))
            except Passing as trouble:
                if tries == self.retries:
                    raise NoAnswer(f"{self.url} gives no answer after {tries + 1} tries ({trouble})") from None
                self._sleep(backoff(tries) if trouble.wait is None else trouble.wait)
                tries += 1
                with self._lock:
                    self.retried += 1
                continue
            if response.status in (400, 422, 501) and self._learn(dialect, reason):
                continue
            raise UserError(self._refusal(response, reason))

    def _request(
        self, messages: Sequence[Message], schema: dict[str, Any], seed: int, dialect: Dialect
    ) -> dict[str, Any]:
        body = {"model": self.model, "messages": list(messages), "temperature": self.temperature}
        body[dialect.limit] = self.new_tokens
        if dialect.seeded:
            body["seed"] = seed
        if dialect.format == "json_schema":
            described = {"name": "answer", "strict": True, "schema": schema}
            body["response_format"] = {"type": "json_schema", "json_schema": described}
        elif dialect.format == "json_object":
            body["response_format"] = {"type": "json_object"}
        return body

    def _post(self, body: dict[str, Any]) -> Response:
        key, deadline = self._key(), time.monotonic() + self.timeout

        def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
            if key:
                request.headers["Authorization"] = f"Bearer {key}"
            return request

        # A function that signs, as requests would else put a password of ~/.netrc in place of the key.
        settings: dict[str, Any] = {"auth": sign, "timeout": self.timeout, "stream": True, "allow_redirects": False}
        try:
            with requests.post(self.url, json=body, headers={"Accept-Encoding": "identity"}, **settings) as response:
                content = bytearray()
                for chunk in response.iter_content(8192):
                    content += chunk
                    if len(content) > MOST_BYTES:
                        return Response(response.status_code, response.headers, None)
                    if time.monotonic() > deadline:
                        raise requests.Timeout
                return Response(response.status_code, response.headers, bytes(content))
        except ValueError as error:  # no request could be made of it at all
            raise UserError(f"{self.url} cannot be asked ({type(error).__name__}): check url under text.llm.") from None
        except requests.RequestException as error:
            raise Passing(told(error, self.timeout)) from None

    def _reply(self, response: Response, format: str) -> Reply:
        if response.body is None:
            return Reply("", format, "too large")
        try:
            content = json.loads(response.body)
            choice, usage = content["choices"][0], content.get("usage")
            text, finish = choice["message"].get("content"), choice.get("finish_reason")
        except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
            raise Passing("what came is no chat completion") from None
        if isinstance(text, list):  # parts
            text = "".join(
                part["text"] for part in text if isinstance(part, dict) and isinstance(part.get("text"), str)
            )
        tokens = [whole_number(usage.get(name)) if isinstance(usage, dict) else None for name in USAGE]
        text, finish = (self._masked(value) if isinstance(value, str) else None for value in (text, finish))
        return Reply(text or "", format, finish, *tokens)

    def _learn(self, dialect: Dialect, reason: str) -> bool:
        """Whether there is something left to try after a refusal; what it taught holds for the rest of the run."""
        with self._lock:
            if self._dialect == dialect:
                another = dialect.next(reason)
                self._dialect = another or dialect
                return another is not None
            return True  # another request has learnt it in the meantime

    def _key(self) -> str | None:
        if self.key_variable is None:
            return None
        key = os.environ.get(self.key_variable, "").strip()
        if not key:
            raise UserError(
                f"the environment variable {self.key_variable}, which is to hold the key of {self.url}, is not set: "
                f"set it, or set key_variable under text.llm to null if the server wants no key."
            )
        if not (key.isascii() and key.isprintable()) or " " in key:
            raise UserError(
                f"the environment variable {self.key_variable} holds no key: it has spaces or odd characters."
            )
        return key

    def _masked(self, text: str) -> str:
        key = os.environ.get(self.key_variable, "").strip() if self.key_variable else ""
        return text.replace(key, MASK) if key else text

    def _reason(self, response: Response) -> str:
        """What the server says about a refusal, on one short line and without the key."""
        text = (response.body or b"").decode("utf-8", "replace")
        try:
            content = json.loads(text)
            for name in ("error", "message", "detail"):
                content = content.get(name, content) if isinstance(content, dict) else content
            text = content if isinstance(content, str) else json.dumps(content)
        except (ValueError, RecursionError):
            pass
        return one_line(self._masked(text)) or "no reason given"

    def _refusal(self, response: Response, reason: str) -> str:
        status, said = response.status, f"(HTTP {response.status}: {reason})"
        if status in (401, 403):
            if self.key_variable:
                return f"{self.url} refuses the key of the environment variable {self.key_variable} {said}: put a valid key there."
            return f"{self.url} wants a key {said}: name the environment variable that holds it as key_variable under text.llm."
        if status == 404:
            return (
                f"{self.url} does not exist or has no model '{self.model}' {said}: check url and model under text.llm."
            )
        if 300 <= status < 400:
            place = one_line(self._masked(response.headers.get("Location", "another address")))
            return f"{self.url} redirects to {place}, where the key is not sent: give the final address as url under text.llm."
        return f"{self.url} refuses a request {said}: check model and settings under text.llm."


def checked(url: str) -> str:
    """The address, if it is one that may stand in messages and receipts."""
    try:
        parts = urlsplit(url)
        fit = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        fit = False
    if not fit or not url.isprintable() or " " in url:
        raise UserError(f"'{one_line(url)}' is no address: give the url under text.llm as in http://localhost:8000/v1.")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise UserError(
            "the url under text.llm holds a password or a query: give the bare address and the key in the environment "
            "variable that key_variable names."
        )
    return url


def one_line(text: str) -> str:
    """The beginning of what somebody else wrote, fit for a message."""
    return " ".join("".join(char if char.isprintable() else " " for char in text[:2000]).split())[:200]


def told(error: requests.RequestException, timeout: float) -> str:
    """In our own words: the library's hold whole requests."""
    if isinstance(error, requests.Timeout) or "timed out" in str(error):
        return f"no answer within {timeout:g} s"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not accepted"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the answer broke off"
    return "no connection" if isinstance(error, requests.ConnectionError) else type(error).__name__


def wait_of(headers: Any) -> float | None:
    """Seconds that the server asks us to wait, within reason."""
    value = str(headers.get("Retry-After", "")).strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", value, re.ASCII):
        return min(float(value), LONGEST_WAIT)
    try:
        return min(max(parsedate_to_datetime(value).timestamp() - time.time(), 0.0), LONGEST_WAIT)
    except (ValueError, TypeError, OverflowError):
        return None


def backoff(tries: int) -> float:
    """Longer after each try, and never the same for two that failed together."""
    return min(2.0**tries, LONGEST_WAIT) * random.uniform(0.5, 1.0)
