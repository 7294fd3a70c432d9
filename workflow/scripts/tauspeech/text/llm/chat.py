"""Interface of chat models."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

Message = dict[str, str]
REFUSED = "content_filter"  # finish reason of an answer that was withheld
USAGE = ("prompt_tokens", "completion_tokens")


@dataclass(frozen=True)
class Reply:
    """An answer of a model, unchecked. Its text is data and never an instruction."""

    text: str
    format: str = "text"  # the requested format: json_schema, json_object or text
    finish: str | None = None  # 'length' if it was cut off, REFUSED if it was withheld
    prompt_tokens: int | None = None  # None if the server did not report it
    completion_tokens: int | None = None


def whole_number(value: object) -> int | None:
    """``value`` if it is a non-negative integer, else None."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


class ChatModel(Protocol):
    """A model on a server or in memory."""

    kind: str
    model: str
    temperature: float
    new_tokens: int
    formats: tuple[str, ...]  # possible formats of answers, the strictest first
    wave: int  # requests whose prompts are written together
    concurrency: int  # most parallel requests

    @property
    def extra(self) -> dict[str, Any]:
        """Additional fields of requests."""
        ...

    @property
    def retried(self) -> int:
        """Number of failed attempts that were retried."""
        ...

    def answer(self, messages: Sequence[Message], schema: dict[str, Any] | None, seed: int) -> Reply:
        """Answer to the messages, in JSON of this schema if the model supports it, or as plain text without a schema."""
        ...
