"""The table of words, and what is wrong with one."""

import pytest

from tauspeech.experiments.rare_words.words import read_words
from tauspeech.runtime.errors import UserError

HEAD = "word_id\tzh\ten\tdomain\n"
FIRST = "avignon\t阿维尼翁\tAvignon\tlocation\n"


@pytest.fixture
def read(tmp_path):
    def read_content(content, languages=("zh", "en")):
        path = tmp_path / "words.tsv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_words(path, languages)

    return read_content


def test_rows_become_words_in_order(read):
    words = read(HEAD + FIRST + "\nraphael\t 拉斐尔 \tRaphael\tindividual\n")
    assert [word.id for word in words] == ["avignon", "raphael"]
    assert words[1].forms == {"zh": ("拉斐尔",), "en": ("Raphael",)}
    assert words[1].phrase == {"zh": "拉斐尔", "en": "Raphael"}
    assert (words[1].label("zh"), words[1].domain) == ("拉斐尔", "individual")


def test_aliases_phrases_and_notes_have_columns_of_their_own(read):
    head = "domain\ten_phrase\ten_aliases\tnotes\ten\tzh\tword_id\n"
    (word,) = read(head + 'landmark\tthe Wall\tWall |Berliner Mauer|\t"so\tBerlin Wall\t柏林墙\tberlin-wall\n')
    assert word.forms["en"] == ("Berlin Wall", "Wall", "Berliner Mauer")
    assert word.phrase == {"zh": "柏林墙", "en": "the Wall"}


def test_a_table_from_a_spreadsheet_is_read(read):
    assert read(("\ufeff" + HEAD + FIRST).replace("\n", "\r\n"))[0].id == "avignon"


def test_only_the_languages_that_are_asked_for_must_be_there(read):
    (word,) = read("word_id\ten\tdomain\navignon\tAvignon\tlocation\n", ("en",))
    assert word.forms == {"en": ("Avignon",)}
    assert read(HEAD + FIRST, ("en",))[0].phrase == {"en": "Avignon"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("word_id\ten\tdomain\n", r"words\.tsv: column 'zh' is missing in the first line; it has word_id, en, domain"),
        ("", r"words\.tsv: column 'word_id' is missing in the first line; it has nothing"),
        (HEAD.replace("\t", ","), r"words\.tsv: column 'word_id' is missing"),
        (HEAD.replace("domain", "domain\tcolour"), r"words\.tsv: column 'colour' is unknown"),
        (HEAD, r"words\.tsv has no rows"),
        (HEAD + FIRST + "avignon\t阿\tA\tlocation\n", r"words\.tsv, line 3: word_id 'avignon' is there already"),
        (HEAD + FIRST + "other\t阿维尼翁\tA\tlocation\n", r"line 3: '阿维尼翁' is there already, as 'avignon'"),
        (HEAD + FIRST + "Berlin Wall\t柏林墙\tB\tlandmark\n", r"line 3: word_id 'Berlin Wall' is no identifier"),
        (HEAD + "../x\t柏林墙\tB\tlandmark\n", r"line 2: word_id '\.\./x' is no identifier"),
        (HEAD + "a--b\t柏林墙\tB\tlandmark\n", r"line 2: word_id 'a--b' is no identifier"),
        (HEAD + "\t柏林墙\tB\tlandmark\n", r"line 2: word_id '' is no identifier"),
        (HEAD + FIRST + "raphael\t\tRaphael\tindividual\n", r"line 3: word 'raphael' has nothing in column 'zh'"),
        (HEAD + "raphael\t拉斐尔\t \tindividual\n", r"line 2: word 'raphael' has nothing in column 'en'"),
        (HEAD + "raphael\t拉斐尔\tRaphael\t\n", r"line 2: word 'raphael' has nothing in column 'domain'"),
        (HEAD + FIRST + "raphael\t拉斐尔\tRaphael\n", r"words\.tsv, line 3: expected 4 columns, found 3"),
        (HEAD + "raphael\t拉斐尔\tRaphael\tindividual\tx\n", r"words\.tsv, line 2: expected 4 columns, found 5"),
        (HEAD + f"raphael\t拉斐尔\t{'R' * 81}\tindividual\n", r"line 2: 'RRR.*' is no word: it is longer than 80"),
        (HEAD + "raphael\t拉斐尔\tRa\x07phael\tindividual\n", r"line 2: .* holds control characters"),
        ((HEAD + FIRST).encode("gb18030"), r"words\.tsv is not UTF-8: save it as UTF-8"),
    ],
)
def test_a_mistake_is_reported_with_file_and_line(read, content, message):
    with pytest.raises(UserError, match=message):
        read(content)


@pytest.mark.parametrize("id", ["base", "raw", "general", "foundation-tiny", "first2"])
def test_names_of_other_models_and_sets_are_taken(read, id):
    with pytest.raises(UserError, match=rf"line 2: word_id '{id}' is a name that tauspeech uses itself"):
        read(f"{HEAD}{id}\t拉斐尔\tRaphael\tindividual\n")


def test_a_missing_table_names_the_key(tmp_path):
    with pytest.raises(UserError, match=r"none\.tsv \(key 'words'\) does not exist"):
        read_words(tmp_path / "none.tsv", ("zh",))
