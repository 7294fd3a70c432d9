"""The one verdict on every bad input: refused, in one clear sentence, and nothing else has happened."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.bad_inputs.entry import Ended
from tests.bad_inputs.world import World

LONGEST = 700  # letters that a person reads


@dataclass(frozen=True)
class Case:
    """Something wrong, and what the sentence about it has to name: the file, the place in it, what to do."""

    name: str
    harm: Callable[[World], object]
    says: tuple[str, ...]

    def __str__(self) -> str:
        return self.name


def refused(world: World, act: Callable[[], Ended], prefix: str, says: tuple[str, ...]) -> str:
    """Let ``act`` find what is wrong; its message begins with ``prefix``, and is the last thing that it says."""
    before = world.files()
    ended = act()
    assert ended.status not in (0, None), f"accepted:\n{ended.out}{ended.err}"
    assert ended.status > 0, f"killed by signal {-ended.status}:\n{ended.err}"
    sentence = one_sentence(ended, prefix)
    for part in says:
        assert part in sentence, f"{part!r} is not in: {sentence}"
    after = world.files()
    assert after.keys() == before.keys(), sorted(after.keys() ^ before.keys())
    assert after == before, sorted(name for name in before if after[name] != before[name])
    return sentence


def one_sentence(ended: Ended, prefix: str) -> str:
    for said in (ended.out, ended.err):
        assert "Traceback" not in said, said
        assert "this is a bug" not in said, said
    lines = [line for line in ended.err.split("\n") if line.strip()]
    found = [line for line in lines if line.startswith(prefix)]
    assert len(found) == 1, f"not one sentence that begins with {prefix!r}:\n{ended.err}"
    (sentence,) = found
    assert lines[-1] == sentence, ended.err
    assert "error" not in "".join(lines[:-1]).lower(), ended.err
    assert sentence.isprintable(), repr(sentence)
    assert sentence.endswith((".", "?")), sentence
    assert len(sentence) < LONGEST, sentence
    return sentence
