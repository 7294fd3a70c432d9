"""Answers on disk: no request is repeated, also after an interrupted run."""

import json
import os

import pytest

from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import canonical_json, sha256_text


def answers_of(job):
    return job.results / "answers" / f"{job.id}.jsonl"


def test_a_line_holds_request_and_answer(server, collect, make_job, lines):
    job = make_job(counts={"test": 3}, temperature=0.7)
    collect(job)
    (line,) = lines(job)
    (body,) = server.bodies
    settings = {"temperature": 0.7, "extra": {}, "format": "json_schema"}
    asked = {"kind": "openai", "model": "tiny", "seed": body["seed"], "messages": body["messages"]}
    assert line.pop("key") == sha256_text(canonical_json(asked | settings))
    assert json.loads(line.pop("answer"))["sentences"]
    usage = {"prompt_tokens": 100, "completion_tokens": 50}
    assert line == asked | {"settings": settings | {"new_tokens": 500}, "finish": "stop", "usage": usage}


def test_a_second_run_sends_no_requests(server, collect, make_job, monkeypatch):
    job = make_job(price={"input": 1.0, "output": 1.0}, key_variable="SOME_KEY")
    monkeypatch.setenv("SOME_KEY", "sk-1")
    first = collect(job)
    asked, content = len(server.bodies), answers_of(job).read_bytes()
    # Neither the server nor the key need be there, and the server may have moved.
    server.script = None
    monkeypatch.delenv("SOME_KEY")
    job.settings["source"] |= {"url": "http://127.0.0.1:9/v1", "concurrency": 1}
    again = collect(job)
    assert again.accepted == first.accepted
    assert again.cost == first.cost | {"new_requests": 0}
    assert len(server.bodies) == asked == first.cost["new_requests"]
    assert answers_of(job).read_bytes() == content


def test_each_answer_is_on_the_disk_before_it_is_used(collect, make_job, lines, monkeypatch):
    job, synced = make_job(counts={"test": 30}), []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: (synced.append(len(lines(job))), real(handle)))
    collect(job)
    assert synced == [1, 2, 3]


def test_answers_of_a_version_with_other_keys_are_found(server, collect, make_job):
    job = make_job()
    first = collect(job)
    path = job.results / "answers" / f"{job.id}.jsonl"
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for record in records:
        del record["settings"]["extra"]
        record["key"] = "of another making"
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    assert collect(job).cost == first.cost | {"new_requests": 0}


def test_bad_answers_are_stored_too(server, collect, make_job, talk):
    server.script = lambda number, body: talk.completion("no \ud800") if number == 0 else talk.good(body)
    job = make_job(counts={"test": 10}, concurrency=1)
    first = collect(job)
    assert first.cost["rejected"] == {"answer is not what was asked for": 1}
    assert collect(job).cost == first.cost | {"new_requests": 0}


@pytest.mark.parametrize("change", [{"temperature": 0.5}, {"model": "other"}, {"extra": {"effort": "low"}}])
def test_other_settings_are_another_request(server, collect, make_job, change):
    job = make_job(counts={"test": 3})
    collect(job)
    job.settings["source"] |= change
    assert collect(job).cost["new_requests"] == 1
    assert len(server.bodies) == 2


def test_answers_of_a_fallback_are_found_again(server, collect, make_job, talk):
    server.script = lambda number, body: talk.out(400, "no") if "response_format" in body else talk.good(body)
    job = make_job()
    first = collect(job)
    asked = len(server.bodies)
    assert collect(job).cost == first.cost | {"new_requests": 0}
    assert len(server.bodies) == asked


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize("answered", [0, 1, 3, 9])
def test_an_interrupted_run_resumes_where_it_stopped(server, collect, make_job, talk, lines, answered, concurrency):
    whole = collect(make_job(counts={"test": 100}, run="whole"))
    server.bodies.clear()
    server.script = lambda number, body: talk.good(body) if number < answered else talk.out(500)
    job = make_job(counts={"test": 100}, concurrency=concurrency)
    with pytest.raises(UserError) as stopped:
        collect(job)
    there = 80 if answered == 9 else 0  # whole waves are taken
    assert str(stopped.value).startswith(f"text.openai.url: the server at {server.url}/chat/completions ")
    assert f"did not answer after 3 attempts (HTTP 500: an empty response); {there} of 100 sentences" in str(
        stopped.value
    )
    assert f"stored in {answers_of(job)}: run again to continue." in str(stopped.value)
    assert len(lines(job) if answered else []) == answered
    server.script = lambda number, body: talk.good(body)
    resumed = collect(job)
    assert resumed.accepted == whole.accepted
    assert (resumed.cost["requests"], resumed.cost["new_requests"]) == (10, 10 - answered)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-40],  # a torn last line
        lambda content: content[:-1],  # whole, but for its end
        lambda content: content + b'{"key": "torn", "ans',
        lambda content: content + b"\xff\xfe\x00",
        lambda content: b"nonsense\n[]\n{}\nnull\n" + content,
        lambda content: content + b'{"key": 5, "answer": 5, "settings": {"format": "text"}, "finish": 1, "usage": 3}\n',
    ],
)
def test_a_damaged_file_loses_no_more_than_what_is_damaged(server, collect, make_job, lines, damage):
    job = make_job(counts={"test": 20, "train": 10}, concurrency=1)
    first = collect(job)
    whole = answers_of(job).read_bytes()
    answers_of(job).write_bytes(damage(whole))
    lost = 1 if len(damage(whole)) == len(whole) - 40 else 0
    again = collect(job)
    assert (again.accepted, again.cost["new_requests"]) == (first.accepted, lost)
    # What comes next begins a line of its own.
    job.settings["counts"] = {"test": 20, "train": 20}
    assert collect(job).cost["new_requests"] == 1
    more = collect(job)
    assert more.cost["new_requests"] == 0
    answers_of(job).write_bytes(answers_of(job).read_bytes().removeprefix(b"nonsense\n[]\n{}\nnull\n"))
    assert len({line["key"] for line in lines(job)} - {5}) == 4


def test_the_key_is_in_no_file_even_if_the_server_echoes_it(
    server, collect, make_job, talk, tmp_path, monkeypatch, capfd
):
    monkeypatch.setenv("SOME_KEY", talk.key)

    def script(number, body):
        if number == 0:
            return talk.out(500, {"error": {"message": f"{talk.key} is tired"}})
        pairs = [{"zh": f"柏林墙{talk.key}", "en": f"the Berlin Wall {talk.key}"}, *talk.pairs(body)]
        return talk.completion(json.dumps(pairs), finish=talk.key)

    server.script = script
    job = make_job(key_variable="SOME_KEY")
    collected = collect(job)
    assert server.headers[0]["Authorization"].endswith(talk.key)
    with pytest.raises(UserError) as stopped:
        server.script = lambda number, body: talk.out(500, talk.key)
        collect(make_job(key_variable="SOME_KEY", run="u"))
    shown = "".join(capfd.readouterr())
    files = [path.read_text(encoding="utf-8") for path in tmp_path.rglob("*") if path.is_file()]
    assert any("[key]" in text for text in files)
    for text in (*files, str(stopped.value), shown, repr(collected), repr(vars(stopped.value))):
        assert talk.key not in text
        assert "Authorization" not in text


def test_a_refused_key_ends_the_run_at_once(server, collect, make_job, talk, monkeypatch):
    monkeypatch.setenv("SOME_KEY", talk.key)
    server.script = lambda number, body: talk.out(401, {"error": {"message": "no"}})
    with pytest.raises(UserError, match="rejects the key of the environment variable SOME_KEY"):
        collect(make_job(key_variable="SOME_KEY", concurrency=2))
    assert len(server.bodies) <= 4


def test_more_sentences_later_request_only_what_is_missing(server, collect, make_job):
    collect(make_job(counts={"test": 20}))
    larger = collect(make_job(counts={"test": 20, "train": 40}))
    assert (larger.cost["requests"], larger.cost["new_requests"]) == (6, 4)
