"""The sentences of one set from a language model, checked like all others."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from tauspeech.runtime.job import Job
from tauspeech.text.checks import Checker, Limits, Sentence
from tauspeech.text.collected import Collected
from tauspeech.text.llm.answers import Answers
from tauspeech.text.llm.asking import Asking, ranked
from tauspeech.text.llm.chat import REFUSED, ChatModel, Reply
from tauspeech.text.llm.parsing import CUT_OFF, UNASKED, WITHHELD, parse
from tauspeech.text.llm.prompts import SentencePrompts, schema_of

ORDER = ("carrier", "test", "validation", "train")  # the checker wants what is held out first
WHY = {"length": CUT_OFF, REFUSED: WITHHELD}  # an answer without any object came
ROOM = 2  # objects of an answer that are looked at, for each one that was asked for


def collect_with(model: ChatModel, job: Job, checker: Checker) -> Collected:
    """Sentences by split, and what they cost."""
    settings, source = job.settings, job.settings["source"]
    answers = Answers(job.results / "answers" / f"{job.id}.jsonl")
    asking = Asking(model, answers, job.seed, job.id, source["batch"], source["most_requests"])
    limits = Limits(**settings["limits"])
    prompts = SentencePrompts(settings["languages"], settings["word"], limits, source["batch"], job.seed, job.id)
    goal = Sentences(prompts, settings["counts"], checker)
    asking.fulfil(goal)
    cost: dict[str, Any] = asking.cost(source.get("price"))
    cost |= {"accepted": goal.have(), "rejected": dict(ranked(checker.rejected))}
    return Collected(goal.accepted, cost)


class Sentences:
    """What has been accepted so far; each new sentence goes to the first split that is not full."""

    what = "sentences"

    def __init__(self, prompts: SentencePrompts, counts: dict[str, int], checker: Checker):
        self.accepted: dict[str, list[Sentence]] = {split: [] for split in ORDER if split in counts}
        self.schema = schema_of(self.what, prompts.languages)
        self.wanted = sum(counts.values())
        self.rejected = checker.rejected
        self._prompts, self._counts, self._checker = prompts, counts, checker
        self._told: Counter[str] = Counter()

    def have(self) -> int:
        return sum(map(len, self.accepted.values()))

    def prompts(self, numbers: Sequence[int]) -> list[str]:
        source = self._prompts.languages[0]
        accepted = [sentence[source] for sentences in self.accepted.values() for sentence in sentences]
        news = ranked(self.rejected - self._told)  # of the previous wave
        self._told = Counter(self.rejected)
        return [self._prompts.write(number, accepted, news) for number in numbers]

    def take(self, reply: Reply) -> None:
        found, reasons = parse_reply(reply, self._prompts.languages, ROOM * self._prompts.batch)
        self.rejected.update(reasons)
        for sentence in found:
            split = next((split for split, ours in self.accepted.items() if len(ours) < self._counts[split]), None)
            if split is None:
                return
            if self._checker.accept(sentence, split):
                self.accepted[split].append(sentence)


def parse_reply(reply: Reply, languages: Sequence[str], most: int) -> tuple[list[Sentence], Counter[str]]:
    """What can be used of an answer; one that broke off before its first object is told from mere nonsense."""
    found, reasons = parse(reply.text, languages, most)
    if reply.finish in WHY and reasons.pop(UNASKED, 0):
        reasons[WHY[reply.finish]] += 1
    return found, reasons
