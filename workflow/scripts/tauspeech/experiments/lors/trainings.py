"""Trainings of the experiment lors, and the names that they and their merges have."""

from dataclasses import dataclass

from tauspeech.runtime.errors import UserError

TASKS = {"asr": "transcribe", "st": "translate"}  # by the paper's name

Pair = tuple[str, str]  # language and task
Pairs = tuple[Pair, ...]


@dataclass(frozen=True)
class Training:
    """A training on languages and tasks, with a share of the training speech."""

    name: str
    pairs: Pairs
    share: float = 1.0

    @property
    def id(self) -> str:
        return sized(self.name, self.share)


def sized(name: str, share: float) -> str:
    return name if share == 1 else f"{name}--of{round(100 * share)}"


def whole_percent(share: float, key: str) -> float:
    """A share of the training speech; names have it in whole percent, so that others would share a name."""
    if abs(100 * share - round(100 * share)) > 1e-6:
        raise UserError(
            f"key '{key}': {share:g} is not in whole percent: give {round(100 * share) / 100:g}, for example."
        )
    return share


def single(language: str, task: str, share: float = 1.0) -> Training:
    return Training(f"{language}--{task}", ((language, task),), share)


def multilingual(group: str, languages: tuple[str, ...], task: str, share: float = 1.0) -> Training:
    return Training(f"{group}--ml--{task}", tuple((language, task) for language in languages), share)


def multitask(language: str) -> Training:
    return Training(f"{language}--mt", tuple((language, task) for task in TASKS))


@dataclass(frozen=True)
class Group:
    """Languages of a configuration's group: those with both tasks, and those that are recognised only."""

    name: str
    translated: tuple[str, ...]
    recognised: tuple[str, ...] = ()

    def languages(self, task: str) -> tuple[str, ...]:
        return self.translated + self.recognised if task == "asr" else self.translated

    @property
    def pairs(self) -> Pairs:
        return tuple((language, task) for task in TASKS for language in self.languages(task))

    def multilingual(self, task: str, share: float = 1.0) -> Training:
        return multilingual(self.name, self.languages(task), task, share)

    @property
    def by_language(self) -> tuple[Training, ...]:
        """A training for each language, on all of its tasks."""
        return (*map(multitask, self.translated), *(single(language, "asr") for language in self.recognised))

    @property
    def all_at_once(self) -> Training:
        return Training(f"{self.name}--mlmt", tuple(pair for training in self.by_language for pair in training.pairs))

    @property
    def by_kind(self) -> dict[str, tuple[Training, ...]]:
        """All trainings, on all of their speech, by kind."""
        found = {f"{self.name}--{task}": tuple(single(each, task) for each in self.languages(task)) for task in TASKS}
        found[f"{self.name}--mt"] = tuple(map(multitask, self.translated))
        found |= {f"{self.name}--ml--{task}": (self.multilingual(task),) for task in TASKS}
        return found | {f"{self.name}--mlmt": (self.all_at_once,)}


def sequence_name(owner: str, pairs: Pairs) -> str:
    """Name of the last of several trainings in sequence; ``owner`` is a group, or a language with both tasks."""
    tasks = "-".join(dict.fromkeys(task for _, task in pairs))
    return f"{owner}--sequential--{tasks}--{pairs[-1][0]}"
