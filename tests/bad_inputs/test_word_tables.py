"""Tables of words, as Snakemake comes upon them."""

import pytest

from tests.bad_inputs.judge import Case, refused
from tests.bad_inputs.world import WORDS, World

HEAD = "word_id\tzh\ten\tdomain\n"
MARK = "\N{RIGHT-TO-LEFT OVERRIDE}"


def table(name: str, content: str | bytes, *says: str) -> Case:
    return Case(name, lambda world: world.write("words.tsv", content), ("words.tsv", *says))


def row(name: str, line: str, *says: str) -> Case:
    return table(name, f"{WORDS}{line}\n", "line 3", *says)


def id(name: str, text: str) -> Case:
    return row(f"an id {name}", f"{text}\t拉斐尔\tRaphael\tindividual", "word_id", "use lower-case letters")


def word(name: str, text: str) -> Case:
    return row(f"a word {name}", f"raphael\t{text}\tRaphael\tindividual", "is no word")


CASES = [
    table("an empty file", "", "column 'word_id' is missing"),
    table("a head alone", HEAD, "has no rows"),
    table("a column too few", "word_id\tzh\tdomain\na\t拉\tindividual\n", "column 'en' is missing"),
    table("an unknown column", "word_id\tzh\ten\tdomain\tcolour\na\t拉\tR\tindividual\tred\n", "column 'colour'"),
    table("a column twice", "word_id\tzh\tzh\ten\tdomain\na\t拉\t斐\tR\tindividual\n", "column 'zh'", "twice"),
    table("commas", "word_id,zh,en,domain\na,拉,R,individual\n", "column 'word_id' is missing"),
    table("another encoding", WORDS.encode("gb18030"), "is not UTF-8"),
    table("UTF-16", WORDS.encode("utf-16"), "is not UTF-8"),
    table("a picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff\xd8", "is not UTF-8"),
    table("zero bytes", HEAD + "a\0b\t拉\tR\tindividual\n", "line 2", "word_id"),
    table("a cell without end", HEAD + "a\t拉\t" + "R" * 200_000 + "\tindividual\n", "line 2"),
    row("a cell too few", "raphael\t拉斐尔\tRaphael", "expected 4 columns, found 3"),
    row("a cell too many", "raphael\t拉斐尔\tRaphael\tindividual\tmore", "expected 4 columns, found 5"),
    row("no word in a language", "raphael\t\tRaphael\tindividual", "nothing in column 'zh'"),
    row("no domain", "raphael\t拉斐尔\tRaphael\t", "nothing in column 'domain'"),
    row("an id twice", "berlin-wall\t拉斐尔\tRaphael\tindividual", "'berlin-wall' is there already"),
    row("a word twice", "raphael\t柏林墙\tRaphael\tindividual", "'柏林墙' is there already"),
    row("an id that is taken", "base\t拉斐尔\tRaphael\tindividual", "a name that tauspeech uses itself"),
    id("without letters", ""),
    id("with quotes", "a'b\"c"),
    id("with spaces", "a b"),
    id("with semicolons", "a;touch ran"),
    id("that a shell would run", "$(touch ran)"),
    id("with backticks", "`touch ran`"),
    id("that leads away", "../../a"),
    id("that is a path", "/etc/passwd"),
    id("with a right-to-left mark", f"a{MARK}b"),
    id("with emoji", "a🎉"),
    id("of 10,000 letters", "a-" * 5_000 + "a"),
    word("with a right-to-left mark", f"拉{MARK}斐"),
    word("with an escape sequence", "拉\x1b[2J斐"),
    word("with a line break of another kind", "拉\x0b斐"),
    word("with braces", "拉{斐}"),
    word("with a tag", "<b>拉斐尔</b>"),
    word("with a backslash", "拉\\斐"),
    word("of 10,000 characters", "拉" * 10_000),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_bad_table_of_words_is_refused(world: World, case: Case) -> None:
    case.harm(world)
    refused(world, lambda: world.snakemake("--dry-run"), "Error: ", case.says)
