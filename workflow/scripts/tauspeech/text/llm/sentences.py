"""Sentences of one set from a language model."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from tauspeech.runtime.job import Job
from tauspeech.text.checks import Checker, Limits, Sentence
from tauspeech.text.collected import Collected
from tauspeech.text.llm.answers import Answers
from tauspeech.text.llm.chat import REFUSED, ChatModel, Reply
from tauspeech.text.llm.parsing import CUT_OFF, NOT_AS_REQUESTED, WITHHELD, parse
from tauspeech.text.llm.prompts import SentencePrompts
from tauspeech.text.llm.request_loop import RequestLoop, ranked
from tauspeech.text.llm.short_prompts import ShortSentencePrompts

ORDER = ("carrier", "test", "validation", "train")  # see Checker for the order
WHY = {"length": CUT_OFF, REFUSED: WITHHELD}  # reason of an answer without objects, by its finish reason
ROOM = 2  # objects of an answer that are parsed, for each requested one


def collect_with(model: ChatModel, job: Job, checker: Checker) -> Collected:
    """Accepted sentences by split, and their cost."""
    settings, source = job.settings, job.settings["source"]
    answers = Answers(job.results / "answers" / f"{job.id}.jsonl")
    loop = RequestLoop(model, answers, job.seed, job.id, source["batch"], source["most_requests"])
    goal = Sentences(_prompts(job), settings["counts"], checker)
    loop.run(goal)
    cost: dict[str, Any] = loop.cost(source.get("price"))
    cost |= {"accepted": goal.collected(), "rejected": dict(ranked(checker.rejected))}
    return Collected(goal.accepted, cost)


def _prompts(job: Job) -> SentencePrompts | ShortSentencePrompts:
    settings, source = job.settings, job.settings["source"]
    languages, word = settings["languages"], settings["word"]
    if source.get("prompts") == "short":
        return ShortSentencePrompts(languages, word, source["batch"], job.seed, job.id)
    return SentencePrompts(languages, word, Limits(**settings["limits"]), source["batch"], job.seed, job.id)


class Sentences:
    """Goal of a request loop: sentences that passed the checks, added to the first split that is not full."""

    what = "sentences"

    def __init__(self, prompts: SentencePrompts | ShortSentencePrompts, counts: dict[str, int], checker: Checker):
        self.accepted: dict[str, list[Sentence]] = {split: [] for split in ORDER if split in counts}
        self.schema = prompts.schema
        self.wanted = sum(counts.values())
        self.rejected = checker.rejected
        self._prompts, self._counts, self._checker = prompts, counts, checker
        self._reported: Counter[str] = Counter()

    def collected(self) -> int:
        return sum(map(len, self.accepted.values()))

    def prompts(self, numbers: Sequence[int]) -> list[str]:
        source = self._prompts.languages[0]
        accepted = [sentence[source] for sentences in self.accepted.values() for sentence in sentences]
        reasons = ranked(self.rejected - self._reported)  # of the previous wave
        self._reported = Counter(self.rejected)
        return [self._prompts.write(number, accepted, reasons) for number in numbers]

    def add_reply(self, reply: Reply) -> None:
        room = self._prompts.batch * (1 if self._prompts.lines else ROOM)
        found, reasons = parse_reply(reply, self._prompts.languages, room, self._prompts.lines)
        self.rejected.update(reasons)
        for sentence in found:
            split = next(
                (split for split, sentences in self.accepted.items() if len(sentences) < self._counts[split]), None
            )
            if split is None:
                return
            if self._checker.accept(sentence, split):
                self.accepted[split].append(sentence)


def parse_reply(
    reply: Reply, languages: Sequence[str], most: int, lines: bool = False
) -> tuple[list[Sentence], Counter[str]]:
    """Objects of an answer and reasons of rejection; an answer without objects is rejected with its finish reason, if any."""
    found, reasons = parse(reply.text, languages, most, lines)
    if reply.finish in WHY and reasons.pop(NOT_AS_REQUESTED, 0):
        reasons[WHY[reply.finish]] += 1
    return found, reasons
