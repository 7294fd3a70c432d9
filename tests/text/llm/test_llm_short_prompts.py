"""Short prompts, for small models: few words, plain lines, and no schema where there is one language."""

import pytest

from tauspeech.text.llm.prompts import TOPICS
from tauspeech.text.llm.short_prompts import KINDS, ShortSentencePrompts

WORD = {"forms": {"en": ["Berlin Wall"]}, "phrase": {"en": "the Berlin Wall"}, "domain": "landmark"}
BOTH = {"zh": "柏林墙", "en": "the Berlin Wall"}


def line(talk, body):
    return talk.pairs(body, 1)[0]["en"]


def short(make_job, languages=("en",), word=WORD, **changes):
    settings = {"languages": list(languages), "word": word, "counts": {"test": 12}, "batch": 1, "prompts": "short"}
    return make_job(**(settings | changes))


def test_a_prompt_is_one_sentence_and_its_answer_a_line(server, collect, make_job, talk):
    server.script = lambda number, body: talk.completion(f'"{line(talk, body)}"')
    collected = collect(short(make_job))
    assert len(collected.accepted["test"]) == len(server.bodies) == 12
    assert all("response_format" not in body for body in server.bodies)
    asked = [body["messages"][0]["content"] for body in server.bodies]
    assert len(set(asked)) == 12
    assert all('with the name "the Berlin Wall" in it.' in prompt and len(prompt) < 160 for prompt in asked)
    assert sum(any(f" {kind} " in prompt for prompt in asked) for kind in KINDS) == len(KINDS)


def test_what_follows_the_requested_lines_is_surplus(server, collect, make_job, talk):
    def script(number, body):
        texts = [pair["en"] for pair in talk.pairs(body, 3)]
        return talk.completion("\n".join([*texts, "These sentences tell of the Berlin Wall."]))

    server.script = script
    collected = collect(short(make_job, batch=3))
    assert collected.cost["rejected"] == {"more than was asked for": 4}
    assert all("Write three different " in body["messages"][0]["content"] for body in server.bodies)


def test_several_languages_come_in_json(server, collect, make_job):
    word = {"forms": {language: [form] for language, form in BOTH.items()}, "phrase": BOTH, "domain": "landmark"}
    word["forms"]["en"] = ["Berlin Wall"]
    collected = collect(short(make_job, ("zh", "en"), word, batch=3))
    assert len(collected.accepted["test"]) == 12
    (prompt, *_), formats = (
        [body["messages"][0]["content"] for body in server.bodies],
        {body["response_format"]["type"] for body in server.bodies},
    )
    assert formats == {"json_schema"}
    assert 'with the name "柏林墙" (zh) and "the Berlin Wall" (en) in it.' in prompt
    assert '{"sentences": [{"zh": "...", "en": "..."}]}' in prompt


@pytest.mark.parametrize("batch", [1, 4])
def test_prompts_differ_until_every_topic_had_every_kind(batch):
    def write(seed, number):
        return ShortSentencePrompts(["en"], None, batch, seed, "general").write(number, ["xyz"], [("too long", 3)])

    count = len(TOPICS) * (len(KINDS) if batch == 1 else 1)
    asked = [write(1, number) for number in range(count)]
    assert len(set(asked)) == count
    assert write(1, 3) == asked[3] != write(2, 3)
    assert not any("xyz" in prompt or "too long" in prompt or "name" in prompt for prompt in asked)
