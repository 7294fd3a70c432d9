"""Chat model on a server with OpenAI's protocol."""

import json
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from tauspeech.remote.api_client import ApiClient, RequestRejected, TransientError
from tauspeech.text.llm.chat import REFUSED, USAGE, Message, Reply, whole_number

FORMATS = ("json_schema", "json_object", "text")
MOST_BYTES = 4 << 20


@dataclass(frozen=True)
class Dialect:
    """Variant of the protocol that a server supports; found by trying the next one when a request is rejected."""

    format: str = FORMATS[0]
    limit: str = "max_tokens"  # newer models of OpenAI require max_completion_tokens, older servers max_tokens
    seeded: bool = True
    tempered: bool = True  # reasoning models reject a temperature

    def next(self, reason: str) -> "Dialect | None":
        """Dialect to try after a rejection with this reason, or None if all were tried."""
        if self.limit == "max_tokens" and "max_completion_tokens" in reason:
            return replace(self, limit="max_completion_tokens")
        if self.seeded and re.search(r"\bseed\b", reason):
            return replace(self, seeded=False)
        if self.tempered and re.search(r"\btemperature\b", reason) and "support" in reason:
            return replace(self, tempered=False)
        rest = FORMATS[FORMATS.index(self.format) + 1 :]
        return replace(self, format=rest[0]) if rest else None


class ServedModel:
    """Client of a chat model. The API key is read at the first request; a run with all answers on disk needs none."""

    kind = "openai"
    formats: tuple[str, ...] = FORMATS
    wave = 8

    def __init__(self, source: dict[str, Any], sleep: Callable[[float], None] = time.sleep):
        self.model: str = source["model"]
        self.temperature: float = source["temperature"]
        self.new_tokens: int = source["new_tokens"]
        self.extra: dict[str, Any] = source["extra"]
        self.concurrency: int = source["concurrency"]
        where = f"text.{self.kind}"
        check = "url, model and extra" if self.extra else "url and model"
        self._client = ApiClient(source, "/chat/completions", where, check, MOST_BYTES, sleep)
        self._dialect = Dialect()
        self._lock = threading.Lock()

    @property
    def retried(self) -> int:
        return self._client.retried

    def answer(self, messages: Sequence[Message], schema: dict[str, Any] | None, seed: int) -> Reply:
        """One answer, in the strictest format that the server supports; as plain text if there is no schema."""
        while True:
            dialect = self._dialect
            content = self._request(messages, schema, seed, dialect)
            try:
                return self._client.post(content, partial(self._reply, format=dialect.format if schema else "text"))
            except RequestRejected as error:
                if error.status not in (400, 422, 501) or not self._next_dialect(dialect, error.reason):
                    raise

    def _request(
        self, messages: Sequence[Message], schema: dict[str, Any] | None, seed: int, dialect: Dialect
    ) -> dict[str, Any]:
        body = self.extra | {"model": self.model, "messages": list(messages), dialect.limit: self.new_tokens}
        if dialect.tempered:
            body["temperature"] = self.temperature
        if dialect.seeded:
            body["seed"] = seed
        if schema and dialect.format == "json_schema":
            described = {"name": "answer", "strict": True, "schema": schema}
            body["response_format"] = {"type": "json_schema", "json_schema": described}
        elif schema and dialect.format == "json_object":
            body["response_format"] = {"type": "json_object"}
        return body

    def _reply(self, body: bytes | None, format: str) -> Reply:
        if body is None:
            return Reply("", format, "too large")
        try:
            content = json.loads(body)
            choice, usage = content["choices"][0], content.get("usage")
            message = choice["message"]
            text, finish = message.get("content"), REFUSED if message.get("refusal") else choice.get("finish_reason")
        except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
            raise TransientError("the response is not a chat completion") from None
        if isinstance(text, list):  # content parts
            text = "".join(
                part["text"] for part in text if isinstance(part, dict) and isinstance(part.get("text"), str)
            )
        tokens = [whole_number(usage.get(name)) if isinstance(usage, dict) else None for name in USAGE]
        text, finish = (self._client.mask_key(value) if isinstance(value, str) else None for value in (text, finish))
        return Reply(text or "", format, finish, *tokens)

    def _next_dialect(self, dialect: Dialect, reason: str) -> bool:
        """Switch to the next dialect for the rest of the run; False if none is left to try."""
        with self._lock:
            if self._dialect == dialect:
                another = dialect.next(reason)
                self._dialect = another or dialect
                return another is not None
            return True  # another thread has switched already
