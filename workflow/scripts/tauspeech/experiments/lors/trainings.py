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


def all_at_once(group: str, languages: tuple[str, ...]) -> Training:
    return Training(f"{group}--mlmt", tuple((language, task) for language in languages for task in TASKS))


def trainings_by_kind(group: str, languages: tuple[str, ...]) -> dict[str, tuple[Training, ...]]:
    """All trainings of a group, on all of their speech, by kind."""
    found = {f"{group}--{task}": tuple(single(language, task) for language in languages) for task in TASKS}
    found[f"{group}--mt"] = tuple(multitask(language) for language in languages)
    found |= {f"{group}--ml--{task}": (multilingual(group, languages, task),) for task in TASKS}
    return found | {f"{group}--mlmt": (all_at_once(group, languages),)}


def sequence_name(owner: str, pairs: Pairs) -> str:
    """Name of the last of several trainings in sequence; ``owner`` is a group, or a language with both tasks."""
    tasks = "-".join(dict.fromkeys(task for _, task in pairs))
    return f"{owner}--sequential--{tasks}--{pairs[-1][0]}"
