"""Bad tables of the user's own sentences."""

import pytest

from tests.bad_inputs.judge import Case, refused
from tests.bad_inputs.world import WORDS, World

GOOD = "这里是柏林墙吗\tIs this the Berlin Wall\ttest\n"


def own(name: str, content: str | bytes, *says: str) -> Case:
    says = ("config/text/berlin-wall.tsv", *says)
    return Case(name, lambda world: world.write("config/text/berlin-wall.tsv", content), says)


def sentence(name: str, zh: str, en: str, why: str) -> Case:
    """A table whose only test sentence is rejected by the checks."""
    others = "".join(GOOD.replace("test", split) for split in ("train", "validation"))
    return own(f"a sentence {name}", f"zh\ten\tsplit\n{others}{zh}\t{en}\ttest\n", "leaves no test sentences", why)


TABLES = [
    own("an empty file", "", "column 'zh' is missing"),
    own("a head alone", "zh\ten\n", "has no rows: add sentences"),
    own("a language too few", "zh\n你好\n", "column 'en' is missing"),
    own("a column twice", "zh\ten\ten\n你好\tHello\tHi\n", "column 'en'", "twice"),
    own("an unknown split", f"zh\ten\tsplit\n{GOOD}你好\tHello\tdev\n", "line 3", "split 'dev' is unknown"),
    own("a cell too many", f"zh\ten\tsplit\n{GOOD}你好\tHello\ttest\tmore\n", "line 3: expected 3 columns, found 4"),
    own("another encoding", GOOD.encode("gb18030"), "is not UTF-8"),
    own("a cell without end", "zh\ten\n你好\t" + "a" * 200_000 + "\n", "line 2"),
    Case(
        "a domain without templates",
        lambda world: world.write("words.tsv", WORDS.replace("landmark", "planet")),
        ("words.tsv, line 2", "domain 'planet'", "use one of its domains"),
    ),
]
SENTENCES = [
    sentence("without the word", "这里是那里吗", "Is this the place", "word missing"),
    sentence("with a right-to-left mark", "这里是\u202e柏林墙", "Is this the Berlin Wall", "control characters"),
    sentence("with markup", "这里是柏林墙<script>", "Is this the Berlin Wall", "markup"),
    sentence("of 10,000 characters", "柏林墙" + "很" * 9_997, "Is this the Berlin Wall", "too long"),
]


@pytest.mark.parametrize("case", TABLES, ids=str)
def test_bad_tables_are_refused_by_the_plan(world: World, case: Case) -> None:
    case.harm(world)
    refused(world, world.planning, "Error: ", case.says)


@pytest.mark.parametrize("case", SENTENCES, ids=str)
def test_bad_sentences_are_refused(world: World, case: Case) -> None:
    case.harm(world)
    world.planned()
    act = lambda: world.stage("make_text.py", "text", "berlin-wall")  # noqa: E731
    refused(world, act, "Error in text 'berlin-wall': ", case.says)
