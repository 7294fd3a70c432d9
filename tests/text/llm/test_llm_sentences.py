"""Sets of sentences from a scripted server: counts, checks, limits, prompts and secrets."""

import json
import re
import threading
import time
import zlib

import pytest

from tauspeech.runtime.errors import UserError
from tauspeech.text.llm.prompts import TOPICS, TOPICS_AT_ONCE, SentencePrompts
from tauspeech.text.sources import openai


def sizes(collected):
    return {split: len(sentences) for split, sentences in collected.accepted.items()}


def prompts(server):
    return [body["messages"][0]["content"] for body in server.bodies]


def test_each_split_gets_its_sentences_and_held_out_ones_come_first(server, collect, make_job):
    counts = {"train": 25, "validation": 4, "test": 6}
    collected = collect(make_job(counts=counts))
    assert sizes(collected) == counts
    assert list(collected.accepted) == ["test", "validation", "train"]
    everything = [sentence for sentences in collected.accepted.values() for sentence in sentences]
    assert all("柏林墙" in sentence["zh"] and "Berlin Wall" in sentence["en"] for sentence in everything)
    assert len({sentence["zh"] for sentence in everything}) == 35
    assert len(server.bodies) == 4  # no more than needed


@pytest.mark.parametrize("counts", [{"carrier": 12}, {"test": 12}])
def test_a_set_may_have_one_split(collect, make_job, counts):
    assert sizes(collect(make_job(counts=counts))) == counts


def test_general_sentences_hold_no_reserved_word(collect, make_job):
    job = make_job(id="general", word=None, counts={"test": 3}, most_requests=1)
    with pytest.raises(UserError, match=r"0 of 3 sentences accepted \(rejected: 10 holds a reserved word \(zh\)\)"):
        collect(job)


def test_one_language_alone(server, collect, make_job, talk):
    server.script = lambda number, body: talk.completion(
        "\n".join(f"{i}. {p['en']}" for i, p in enumerate(talk.pairs(body)))
    )
    word = {"forms": {"en": ["Berlin Wall"]}, "phrase": {"en": "the Berlin Wall"}, "domain": "landmark"}
    collected = collect(make_job(word=word, languages=["en"], counts={"test": 10}))
    assert sizes(collected) == {"test": 10}
    assert all(sentence.keys() == {"en"} for sentence in collected.accepted["test"])


@pytest.mark.parametrize("delay", [0.0, 0.02])
def test_the_result_does_not_depend_on_concurrency(server, collect, make_job, talk, delay):
    def script(number, body):
        content = talk.pairs(body, 10) if zlib.crc32(json.dumps(body).encode()) % 3 else ["nonsense"]
        late = delay * (number % 4 == 0)
        return talk.out(200, talk.completion(json.dumps(content)).body, before=lambda: time.sleep(late))

    server.script = script
    counts = {"train": 90, "validation": 5, "test": 25}
    runs = [collect(make_job(counts=counts, run=f"run{i}", concurrency=n)) for i, n in enumerate((1, 4, 4))]
    assert runs[0].accepted == runs[1].accepted == runs[2].accepted
    asked = prompts(server)
    third = len(asked) // 3
    assert sorted(asked[:third]) == sorted(asked[third : 2 * third]) == sorted(asked[2 * third :])


def test_requests_run_in_parallel_up_to_the_limit(server, collect, make_job, talk):
    under_way, most, together = [], [], threading.Barrier(3, timeout=60)

    def script(number, body):
        under_way.append(number)
        if number < 3:
            together.wait()  # none of the first three is answered before all of them are there
        time.sleep(0.02)
        most.append(len(under_way))
        under_way.remove(number)
        return talk.good(body)

    server.script = script
    collect(make_job(counts={"test": 80}, concurrency=3))
    assert max(most) == 3


def test_prompts_vary_and_list_accepted_sentences(server, collect, make_job):
    collect(make_job(counts={"test": 100}))
    asked = prompts(server)
    assert len(set(asked)) == len(asked) == 10
    assert len({body["seed"] for body in server.bodies}) == 10
    assert all(0 <= body["seed"] < 2**31 for body in server.bodies)
    assert all("柏林墙" in prompt and "the Berlin Wall" in prompt and "Wall of Berlin" in prompt for prompt in asked)
    assert all("zh 2 to 60 characters, en 2 to 60 words" in prompt for prompt in asked)
    assert all('{"sentences": [{"zh": "...", "en": "..."}]}' in prompt for prompt in asked)
    assert len({topic for topic in TOPICS if any(topic in prompt for prompt in asked)}) >= 10 * TOPICS_AT_ONCE
    for place in ("near the beginning", "in the middle", "at the end"):
        assert any(f"Put it {place}" in prompt for prompt in asked)
    told = ["Do not repeat" in prompt for prompt in asked]
    assert sorted(told) == [False] * 8 + [True] * 2  # the second wave knows the first one
    assert all(prompt.count("\n- ") == 2 + 20 for prompt, knows in zip(asked, told, strict=True) if knows)


def test_a_prompt_lists_reasons_of_rejections_of_the_previous_wave(server, collect, make_job, talk):
    def script(number, body):
        if number < 8:
            return talk.completion(json.dumps([{"zh": "没有词的句子", "en": "no such word here"}] * 3) + "[" * 3)
        return talk.good(body) if number > 8 else talk.completion("sorry")

    server.script = script
    collect(make_job(counts={"test": 80}, concurrency=1))
    asked = prompts(server)
    assert "turned away" not in "".join(asked[:8])
    assert all("avoid this: 24 times 'word missing (zh)'." in prompt for prompt in asked[8:16])
    assert all("avoid this: 1 times 'answer is not what was asked for'." in prompt for prompt in asked[16:])


def test_prompts_depend_on_seed_and_set(make_job):
    def write(seed, name, number=3):
        limits = type("L", (), {"shortest": 2, "longest": 9})
        return SentencePrompts(["en"], None, limits, 5, seed, name).write(number, ["a b"], [])

    assert write(1, "x") == write(1, "x")
    assert len({write(1, "x"), write(2, "x"), write(1, "y"), write(1, "x", 4)}) == 4


def test_near_duplicates_of_test_sentences_are_rejected(server, collect, make_job, talk):
    first = []

    def script(number, body):
        pairs = talk.pairs(body)
        if number == 0:
            first.extend(pairs)
        # Each later answer begins with a test sentence in which one character differs.
        near = [{"zh": "新" + pair["zh"], "en": pair["en"]} for pair in first[:3]] if number else []
        return talk.completion(json.dumps(near + pairs))

    server.script = script
    collected = collect(make_job(counts={"test": 10, "train": 20}, concurrency=1))
    assert collected.cost["rejected"] == {"near duplicate of a validation or test sentence": 6}
    assert not any(sentence["zh"].startswith("新") for sentence in collected.accepted["train"])


def test_hostile_answers_are_rejected_alone(server, collect, make_job, talk, tmp_path):
    texts = [
        "We saw the Berlin Wall\x07 today.", "We saw the Berlin Wall $(rm -rf /) <b>today</b>.", "\u202eBerlin Wall\u202c it is.",
        "We saw the Berlin Wall {{today}}.", "the Berlin Wall " * 30, "Berlin Wall " + "x" * 100_000, "Berlin\nWall it is.",
        "the Berlin Wall \ud800 was", 5, None, ["the Berlin Wall"], {"en": "the Berlin Wall"}, True, "",
    ]  # fmt: skip
    hostile = [{"zh": f"昨天我们去看了柏林墙{chr(0x5000 + i)}", "en": text} for i, text in enumerate(texts)]
    other = ['{"sentences": ' + "[" * 3000, "\x00\x1b[2J", json.dumps([[[[[[[hostile]]]]]]]), "[" + "9" * 5000 + "]"]

    def script(number, body):
        if number < len(other):
            return talk.completion(other[number])
        if number == len(other):
            return talk.completion(json.dumps({"../../x": 1, "sentences": hostile}))
        return talk.good(body)

    server.script = script
    collected = collect(make_job(counts={"test": 80}, concurrency=1))
    assert sizes(collected) == {"test": 80}
    everything = json.dumps(collected.accepted["test"], ensure_ascii=False)
    assert not re.search("rm -rf|today|xxxx|\u202e|\ud800", everything)
    rejected = collected.cost["rejected"]
    assert rejected["answer is not what was asked for"] == len(other)
    assert rejected["not one text for each language"] == 5
    assert rejected["longer than 1000 characters"] == 1
    assert rejected["control characters or markup (en)"] == 6
    assert rejected["too long (en)"] == rejected["too short (en)"] == 1
    files = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert files == {"results/t/plan/text/berlin-wall.json", "results/t/answers/berlin-wall.jsonl"}


def test_harmless_special_characters_are_data(server, collect, make_job, talk):
    odd = "../../x $(rm -rf /) `ls`; the Berlin Wall %s"
    server.script = lambda number, body: talk.completion(json.dumps([{"zh": "../../x 柏林墙", "en": odd}]))
    assert collect(make_job(counts={"test": 1})).accepted["test"][0]["en"] == odd


def test_ten_thousand_items_are_not_all_parsed(server, collect, make_job, talk):
    server.script = lambda number, body: talk.completion(json.dumps(talk.pairs(body, 10_000)))
    collected = collect(make_job(counts={"test": 60}, concurrency=1))
    assert sizes(collected) == {"test": 60}
    assert collected.cost["rejected"]["more than was asked for"] > 20_000 / 10


def test_the_limit_ends_it(server, collect, make_job, talk):
    def script(number, body):
        return talk.completion(json.dumps([*talk.pairs(body, 2), {"zh": "没有词", "en": "none"}]))

    server.script = script
    with pytest.raises(UserError) as reached:
        collect(make_job(counts={"test": 100}, most_requests=9))
    text = str(reached.value)
    assert "the limit of 9 requests to tiny is reached with only 18 of 100 sentences accepted" in text
    assert "rejected: 9 too short (en)" in text or "rejected: 9 word missing (zh)" in text
    assert "raise text.openai.most_requests, or lower the counts" in text
    assert len(server.bodies) == 9
    # With a higher limit the work goes on where it stopped.
    collected = collect(make_job(counts={"test": 100}, most_requests=60))
    assert (collected.cost["requests"], collected.cost["new_requests"], len(server.bodies)) == (50, 41, 50)


@pytest.mark.parametrize(("wanted", "limit"), [(3, 10), (25, 12)])
def test_there_is_a_limit_even_if_none_is_given(server, collect, make_job, talk, wanted, limit):
    server.script = lambda number, body: talk.completion("no")
    with pytest.raises(UserError, match=f"the limit of {limit} requests .*rejected: {limit} answer is not"):
        collect(make_job(counts={"test": wanted}))
    assert len(server.bodies) == limit


def test_a_larger_set_has_a_larger_limit(server, collect, make_job, talk):
    server.script = lambda number, body: talk.good(body) if number == 0 else talk.completion("no")
    with pytest.raises(UserError, match=r"the limit of 40 requests .* only 10 of 100 .*rejected: 39 answer is not"):
        collect(make_job(counts={"test": 100}, concurrency=1))
    assert len(server.bodies) == 40


def test_requests_stop_early_if_no_answer_is_usable(server, collect, make_job, talk):
    server.script = lambda number, body: talk.completion("", finish="length")
    job = make_job(counts={"test": 1000})
    told = r"none of the first 16 answers of .* contained usable sentences \(rejected: 16 answer was cut off .*answers/berlin-wall\.jsonl"
    for _ in range(2):  # nor when it is asked to go on
        with pytest.raises(UserError, match=told):
            collect(job)
    assert len(server.bodies) == 16


def test_larger_new_tokens_repeats_only_answers_that_were_cut_off(server, collect, make_job, talk):
    server.script = lambda number, body: talk.completion('{"sen', finish="length") if number == 1 else talk.good(body)
    job = make_job(counts={"test": 20}, concurrency=1)
    collect(job)
    asked = len(server.bodies)
    assert collect(job).cost["new_requests"] == 0
    job.settings["source"] |= {"new_tokens": 900}
    assert collect(job).cost["new_requests"] == 1
    assert server.bodies[asked]["max_tokens"] == 900
    assert prompts(server)[asked] == prompts(server)[1]


def test_a_withheld_answer_has_its_own_reason(server, collect, make_job, talk):
    server.script = lambda number, body: (
        talk.completion("", finish="content_filter")
        if number % 2
        else talk.out(200, refusal("I cannot help with that."))
    )
    with pytest.raises(UserError, match=r"rejected: 10 answer was withheld by the model or its server"):
        collect(make_job(counts={"test": 3}))


def refusal(text):
    return {"choices": [{"message": {"content": None, "refusal": text}, "finish_reason": "stop"}]}


def test_an_answer_that_was_cut_off_has_its_own_reason(server, collect, make_job, talk):
    server.script = lambda number, body: talk.completion('{"sentences": [{"zh": "我', finish="length")
    with pytest.raises(UserError, match=r"10 answer was cut off \(more new_tokens would help\)"):
        collect(make_job(counts={"test": 3}))


def test_what_it_cost(server, collect, make_job, talk):
    def script(number, body):
        if number == 0:
            return talk.out(429, headers={"Retry-After": "1"})
        return talk.good(body)

    server.script = script
    job = make_job(counts={"test": 30}, price={"input": 0.15, "output": 0.6}, concurrency=1)
    assert collect(job).cost == {
        "requests": 3,
        "new_requests": 3,
        "retries": 1,
        "prompt_tokens": 300,
        "completion_tokens": 150,
        "price": pytest.approx((300 * 0.15 + 150 * 0.6) / 1e6),
        "accepted": 30,
        "rejected": {},
    }


@pytest.mark.parametrize("usage", [{}, {"prompt_tokens": 5}, {"prompt_tokens": -1, "completion_tokens": 2}, "many"])
def test_no_price_where_tokens_are_not_known(server, collect, make_job, talk, usage):
    server.script = lambda number, body: talk.completion(json.dumps(talk.pairs(body)), usage=usage)
    cost = collect(make_job(counts={"test": 3}, price={"input": 1, "output": 1})).cost
    assert cost["price"] is None
    assert collect(make_job(counts={"test": 3}, run="u")).cost["price"] is None


def test_the_module_is_a_source_like_the_others(server, make_job, talk):
    job = make_job(counts={"test": 3})
    assert sizes(openai.collect(job, talk.checker_of(job))) == {"test": 3}
