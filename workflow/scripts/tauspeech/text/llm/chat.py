"""What a language model looks like to those who ask it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

Message = dict[str, str]
REFUSED = "content_filter"  # what an answer ends with that was withheld
USAGE = ("prompt_tokens", "completion_tokens")


@dataclass(frozen=True)
class Reply:
    """An answer as it came: text to be judged, never an instruction."""

    text: str
    format: str = "text"  # what the model was held to: json_schema, json_object or text
    finish: str | None = None  # 'length' where it was cut off, REFUSED where it was withheld
    prompt_tokens: int | None = None  # None where the server did not tell
    completion_tokens: int | None = None


def whole_number(value: object) -> int | None:
    """A count that somebody else wrote, if it is one."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


class ChatModel(Protocol):
    """A server or a model in memory."""

    kind: str
    model: str
    temperature: float
    new_tokens: int
    extra: dict[str, Any]  # further settings of requests, as a server wants them
    formats: tuple[str, ...]  # that an answer may come in, the best one first
    wave: int  # requests that are made up together
    concurrency: int  # requests that may be under way at the same time
    retried: int

    def answer(self, messages: Sequence[Message], schema: dict[str, Any], seed: int) -> Reply: ...
