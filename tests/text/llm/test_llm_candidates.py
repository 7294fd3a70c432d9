"""Candidates for rare words as rows of a table of words."""

import json

import pytest

from tauspeech.experiments.rare_words.words import SLUG, TAKEN, read_words
from tauspeech.runtime.errors import UserError
from tauspeech.text.llm.answers import Answers
from tauspeech.text.llm.candidates import propose, slug_of
from tauspeech.text.llm.request_loop import RequestLoop
from tauspeech.text.sources.openai import chat_model

GOOD = [
    {"zh": "哈尔施塔特", "en": "Hallstatt"},
    {"zh": "圣米歇尔山", "en": "Mont Saint-Michel"},
    {"zh": "罗兹", "en": "Łódź"},
]


@pytest.fixture
def ask(source, tmp_path):
    def make(most_requests=None, seed=3):
        answers = Answers(tmp_path / "answers" / "candidates.jsonl")
        return RequestLoop(chat_model(source), answers, seed, "candidates-location", 10, most_requests)

    return make


def test_words_are_rows_of_a_table(server, ask, talk, tmp_path):
    server.script = lambda number, body: talk.completion(json.dumps({"words": GOOD}))
    rows = propose(ask(), "location", 3, ["zh", "en"], [])
    assert rows[0] == {"word_id": "hallstatt", "domain": "location", "zh": "哈尔施塔特", "en": "Hallstatt"}
    assert [row["word_id"] for row in rows] == ["hallstatt", "mont-saint-michel", "lodz"]
    table = tmp_path / "words.tsv"
    table.write_text("\n".join("\t".join(line) for line in [rows[0].keys(), *(row.values() for row in rows)]) + "\n")
    assert [word.id for word in read_words(table, ("zh", "en"))] == ["hallstatt", "mont-saint-michel", "lodz"]


def test_a_second_run_sends_no_requests(server, ask, talk):
    server.script = lambda number, body: talk.completion(json.dumps(GOOD))
    first, again = (propose(ask(), "location", 3, ["zh", "en"], []) for _ in range(2))
    assert first == again
    assert len(server.bodies) == 1
    assert server.bodies[0]["response_format"]["json_schema"]["schema"]["required"] == ["words"]


def test_known_words_are_neither_accepted_nor_requested(server, ask, talk):
    server.script = lambda number, body: talk.completion(json.dumps(GOOD))
    rows = propose(ask(), "location", 2, ["zh", "en"], ["HALLSTATT", "Goethe"])
    assert [row["en"] for row in rows] == ["Mont Saint-Michel", "Łódź"]
    assert "do not name them: " in server.bodies[0]["messages"][0]["content"]
    assert "Goethe" in server.bodies[0]["messages"][0]["content"]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"zh": "哈尔施塔特", "en": ""}, "empty (en)"),
        ({"zh": "。", "en": "Dot"}, "empty (zh)"),
        ({"zh": "长", "en": "x" * 81}, "longer than 80 characters (en)"),
        ({"zh": "钟", "en": "Bell\x07"}, "control characters or markup (en)"),
        ({"zh": "右", "en": "\u202eRight"}, "control characters or markup (en)"),
        ({"zh": "管", "en": "a|b"}, "control characters or markup (en)"),
        ({"zh": "表", "en": "a\tb"}, "control characters or markup (en)"),
        ({"zh": "半", "en": "Half \ud800"}, "control characters or markup (en)"),
        ({"zh": "罗兹", "en": "Lodz"}, "known already"),
        ({"zh": "一", "en": 1}, "not one text for each language"),
    ],
)
def test_bad_words_are_left_out(server, ask, talk, bad, reason):
    server.script = lambda number, body: talk.completion(json.dumps([GOOD[2], bad]))
    with pytest.raises(UserError, match=r"limit of 1 requests .* only 1 of 2 words accepted") as reached:
        propose(ask(1), "location", 2, ["zh", "en"], [])
    assert f"(rejected: 1 {reason})" in str(reached.value)


def test_each_word_gets_an_id_of_its_own(server, ask, talk):
    names = [
        "Santa Ana",
        "Santa Ána",
        "санкт",
        "ανα",
        "Base",
        "general",
        "first3",
        "Foundation",
        "../../x",
        "$(rm)",
        "--",
        "X" * 80,
    ]
    words = [{"zh": f"词{chr(0x5000 + i)}", "en": name} for i, name in enumerate(names)]
    server.script = lambda number, body: talk.completion(json.dumps(words))
    ids = [row["word_id"] for row in propose(ask(), "Old town", 11, ["zh", "en"], ["santa-ana-2"])]
    assert ids == [
        "santa-ana",
        "santa-ana-3",
        *(f"old-town-{n}" for n in range(1, 6)),
        "foundation",
        "x",
        "rm",
        "x" * 60,
    ]
    assert all(SLUG.fullmatch(id) and not TAKEN.fullmatch(id) for id in ids)
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("São João", "sao-joao"),
        ("L'Aquila", "l-aquila"),
        ("Straße 7", "strasse-7"),
        ("Ærø", "aero"),
        ("柏林", ""),
        ("Berlin 柏林", ""),
        ("--", ""),
    ],
)
def test_slugs(name, slug):
    assert slug_of(name) == slug


def test_a_number_makes_no_id_that_is_used_for_other_things(server, ask, talk):
    server.script = lambda number, body: talk.completion(json.dumps([{"en": "Foundation!"}, {"en": "Foundatíon"}]))
    ids = [row["word_id"] for row in propose(ask(), "location", 2, ["en"], [])]
    assert ids == ["foundation", "word-1"]


def test_prompts_vary(server, ask, talk):
    server.script = lambda number, body: talk.completion("no")
    with pytest.raises(UserError):
        propose(ask(5), "location", 50, ["zh", "en"], [])
    assert len({body["messages"][0]["content"] for body in server.bodies}) == 5
