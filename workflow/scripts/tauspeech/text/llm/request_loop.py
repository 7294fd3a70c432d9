"""Loop of requests to a language model, until there are enough results or a limit is reached."""

import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol

from tauspeech.data.randomness import derive_seed
from tauspeech.remote.api_client import RetriesExhausted
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.pace import Pace
from tauspeech.text.llm.answers import Answers
from tauspeech.text.llm.chat import ChatModel, Message, Reply

LEAST_LIMIT = 10
MAX_USELESS = 16  # first answers without any usable result, after which no more are paid for
REQUESTS_PER_NEEDED = 4  # limit of requests, relative to those needed if all results were accepted


class Goal(Protocol):
    """The requested results and those collected so far."""

    what: str  # name in messages, e.g. sentences
    wanted: int
    rejected: Counter[str]

    @property
    def schema(self) -> dict[str, Any] | None:
        """JSON schema of answers; None if they are plain lines."""
        ...

    def collected(self) -> int:
        """Number of accepted results."""
        ...

    def prompts(self, numbers: Sequence[int]) -> list[str]:
        """Prompts of one wave; they may depend only on results of earlier waves."""
        ...

    def add_reply(self, reply: Reply) -> None:
        """Parse an answer and add what passes the checks."""
        ...


@dataclass
class RequestLoop:
    """Requests to one model; stored answers are used again.

    The result does not depend on concurrency: prompts are written in waves of a size that depends only on the kind of
    model, and answers are processed in the order of the requests.
    """

    model: ChatModel
    answers: Answers
    seed: int
    name: str  # of the set; seeds of requests depend on it
    batch: int = 10  # objects per request
    most_requests: int | None = None
    used: list[Reply] = field(default_factory=list)
    new_requests: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def limit(self, wanted: int) -> int:
        """Most requests, including those answered in earlier runs."""
        return self.most_requests or max(LEAST_LIMIT, REQUESTS_PER_NEEDED * -(-wanted // self.batch))

    def run(self, goal: Goal) -> None:
        """Send requests until the goal is reached; raises UserError at the limit."""
        number, limit = 0, self.limit(goal.wanted)
        pace = Pace(goal.what, goal.wanted)
        while (missing := goal.wanted - goal.collected()) > 0:
            if number >= limit:
                raise UserError(self._exhausted(goal, limit))
            if number >= MAX_USELESS and not goal.collected():
                raise UserError(self._useless(goal, number))
            size = min(self.model.wave, -(-missing // self.batch), limit - number)
            numbers = range(number, number + size)
            requests = [
                ([{"role": "user", "content": prompt}], self._seed(number))
                for number, prompt in zip(numbers, goal.prompts(numbers), strict=True)
            ]
            for reply in self._wave(requests, goal):
                self.used.append(reply)
                goal.add_reply(reply)
            pace.add(missing - (goal.wanted - goal.collected()))
            number += size

    def cost(self, price: dict[str, float] | None) -> dict[str, Any]:
        """Tokens and price of all answers in use, from this and earlier runs; price is None if tokens were not reported."""
        prompt = [reply.prompt_tokens for reply in self.used]
        completion = [reply.completion_tokens for reply in self.used]
        inputs, outputs = sum(filter(None, prompt)), sum(filter(None, completion))
        known = None not in prompt + completion
        return {
            "requests": len(self.used),
            "new_requests": self.new_requests,
            "retries": self.model.retried,
            "prompt_tokens": inputs,
            "completion_tokens": outputs,
            "price": round((inputs * price["input"] + outputs * price["output"]) / 1e6, 6) if price and known else None,
        }

    def _seed(self, number: int) -> int:
        """Seed of one request: 31 bits, which all servers accept."""
        return derive_seed(self.seed, "llm", self.name, str(number)) % 2**31

    def _wave(self, requests: Sequence[tuple[list[Message], int]], goal: Goal) -> list[Reply]:
        """Answers in the order of the requests; those received are stored even if another request fails."""
        with ThreadPoolExecutor(min(self.model.concurrency, len(requests))) as pool:
            futures = [pool.submit(self._reply, messages, seed, goal.schema) for messages, seed in requests]
            try:
                return [future.result() for future in futures]
            except RetriesExhausted as error:
                raise UserError(
                    f"{error}; {goal.collected()} of {goal.wanted} {goal.what} are accepted so far and all answers are stored "
                    f"in {self.answers.path}: run again to continue."
                ) from None
            finally:
                for future in futures:
                    future.cancel()

    def _reply(self, messages: list[Message], seed: int, schema: dict[str, Any] | None) -> Reply:
        if (known := self.answers.find(self.model, messages, seed)) is not None:
            return known
        reply = self.model.answer(messages, schema, seed)
        self.answers.add(self.model, messages, seed, reply)
        with self._lock:
            self.new_requests += 1
        return reply

    def _exhausted(self, goal: Goal, limit: int) -> str:
        return (
            f"the limit of {limit} requests to {self.model.model} is reached with only {goal.collected()} of {goal.wanted} "
            f"{goal.what} accepted (rejected: {_reasons(goal)}): raise text.{self.model.kind}.most_requests, or lower the "
            f"counts; the answers are stored in {self.answers.path}, so another run requests only what is missing."
        )

    def _useless(self, goal: Goal, number: int) -> str:
        return (
            f"none of the first {number} answers of {self.model.model} contained usable {goal.what} (rejected: "
            f"{_reasons(goal)}): inspect them in {self.answers.path}, then use another model or other settings in "
            f"text.{self.model.kind}; delete that file to request them again."
        )


def _reasons(goal: Goal) -> str:
    """Most common reasons of rejection, for a message."""
    return ", ".join(f"{count} {reason}" for reason, count in ranked(goal.rejected)[:3]) or "none"


def ranked(reasons: Counter[str]) -> list[tuple[str, int]]:
    """Reasons with their counts, the most common first, in a deterministic order."""
    return sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))
