"""Asking a language model again and again, until there is enough or a limit is reached."""

import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol

from tauspeech.data.randomness import derive_seed
from tauspeech.remote.api_client import NoAnswer
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.pace import Pace
from tauspeech.text.llm.answers import Answers
from tauspeech.text.llm.chat import ChatModel, Message, Reply

LEAST_LIMIT = 10
HOPELESS = 16  # answers without a single thing to use: more of them would only cost
PATIENCE = 4  # requests for each one that would do if every answer were good


class Goal(Protocol):
    """What is asked for, and what has come of it so far."""

    what: str  # as a message calls it, e.g. sentences
    wanted: int
    schema: dict[str, Any]
    rejected: Counter[str]

    def have(self) -> int: ...
    def prompts(self, numbers: Sequence[int]) -> list[str]:
        """Those of one wave; they may depend on what earlier waves gave, and on nothing else."""
        ...

    def take(self, reply: Reply) -> None: ...


@dataclass
class Asking:
    """Requests to one model, with the answers that are there already.

    How many requests are under way at a time decides nothing: prompts are made up in waves whose size belongs to the
    kind of model, and answers are taken in the order of the requests.
    """

    model: ChatModel
    answers: Answers
    seed: int
    name: str  # of the set, which gives each set its own seeds
    batch: int = 10  # objects to ask for in one request
    most_requests: int | None = None
    used: list[Reply] = field(default_factory=list)
    asked_now: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def limit(self, wanted: int) -> int:
        """The most requests that may be used, those answered in earlier runs included."""
        return self.most_requests or max(LEAST_LIMIT, PATIENCE * -(-wanted // self.batch))

    def fulfil(self, goal: Goal) -> None:
        """Ask until the goal has what it wants."""
        number, limit = 0, self.limit(goal.wanted)
        pace = Pace(goal.what, goal.wanted)
        while (missing := goal.wanted - goal.have()) > 0:
            if number >= limit:
                raise UserError(self._exhausted(goal, limit))
            if number >= HOPELESS and not goal.have():
                raise UserError(self._useless(goal, number))
            size = min(self.model.wave, -(-missing // self.batch), limit - number)
            numbers = range(number, number + size)
            requests = [
                ([{"role": "user", "content": prompt}], self._seed(number))
                for number, prompt in zip(numbers, goal.prompts(numbers), strict=True)
            ]
            for reply in self._wave(requests, goal):
                self.used.append(reply)
                goal.take(reply)
            pace.add(missing - (goal.wanted - goal.have()))
            number += size

    def cost(self, price: dict[str, float] | None) -> dict[str, Any]:
        """What the answers in use cost, whichever run asked for them; no price if some server did not count tokens."""
        prompt = [reply.prompt_tokens for reply in self.used]
        completion = [reply.completion_tokens for reply in self.used]
        inputs, outputs = sum(filter(None, prompt)), sum(filter(None, completion))
        known = price is not None and None not in prompt + completion
        return {
            "requests": len(self.used),
            "asked_now": self.asked_now,
            "retries": self.model.retried,
            "prompt_tokens": inputs,
            "completion_tokens": outputs,
            "price": round((inputs * price["input"] + outputs * price["output"]) / 1e6, 6) if known else None,
        }

    def _seed(self, number: int) -> int:
        """For one request; servers differ in how many bits they take."""
        return derive_seed(self.seed, "llm", self.name, str(number)) % 2**31

    def _wave(self, requests: Sequence[tuple[list[Message], int]], goal: Goal) -> list[Reply]:
        """Answers in the order of the requests. Those that came are kept even if one of them fails."""
        with ThreadPoolExecutor(min(self.model.concurrency, len(requests))) as pool:
            futures = [pool.submit(self._reply, messages, seed, goal.schema) for messages, seed in requests]
            try:
                return [future.result() for future in futures]
            except NoAnswer as trouble:
                raise UserError(
                    f"{trouble}; {goal.have()} of {goal.wanted} {goal.what} are there already and their answers are "
                    f"kept in {self.answers.path}: run again to continue from there."
                ) from None
            finally:
                for future in futures:
                    future.cancel()

    def _reply(self, messages: list[Message], seed: int, schema: dict[str, Any]) -> Reply:
        if (known := self.answers.find(self.model, messages, seed)) is not None:
            return known
        reply = self.model.answer(messages, schema, seed)
        self.answers.add(self.model, messages, seed, reply)
        with self._lock:
            self.asked_now += 1
        return reply

    def _exhausted(self, goal: Goal, limit: int) -> str:
        return (
            f"the limit of {limit} requests to {self.model.model} is reached with only {goal.have()} of {goal.wanted} "
            f"{goal.what} accepted (turned away: {_reasons(goal)}): raise text.{self.model.kind}.most_requests, or lower the "
            f"counts; the answers are kept in {self.answers.path}, so a further run asks only for what is missing."
        )

    def _useless(self, goal: Goal, number: int) -> str:
        return (
            f"none of the first {number} answers of {self.model.model} had any {goal.what} that could be used (turned away: "
            f"{_reasons(goal)}): look at them in {self.answers.path}, then take another model or other settings in "
            f"text.{self.model.kind}; delete that file to ask for them again."
        )


def _reasons(goal: Goal) -> str:
    """Why most was turned away, for a message."""
    return ", ".join(f"{count} {reason}" for reason, count in ranked(goal.rejected)[:3]) or "none"


def ranked(reasons: Counter[str]) -> list[tuple[str, int]]:
    """The most common reasons first, in an order that does not depend on when each came up."""
    return sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))
