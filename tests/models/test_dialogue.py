"""Answers and instructions: what is taught is read again, and what no training taught does no harm."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tauspeech.models.dialogue.answers import Answer, answer_text, read_answer
from tauspeech.models.dialogue.instructions import INSTRUCTIONS, before_input, instruction
from tauspeech.models.dialogue.tokens import END_ANSWER, MARKS, TASK_TOKENS
from tauspeech.models.tasks import SpeechTask, drawn_for

TASKS = [SpeechTask(kind, "en", "de") for kind in INSTRUCTIONS]
LANGUAGES = ["de", "en", "fr", "mt"]
TRANSLATE = SpeechTask("translate", "en", "de")
WORDS = st.lists(st.text("abcdéü好 ,.'", min_size=1).map(str.strip).filter(bool), min_size=1, max_size=6).map(
    lambda words: " ".join(" ".join(words).split())
)
PIECES = st.sampled_from(
    [
        "<de>",
        "<fr>",
        "<mt>",
        "<xx>",
        "<7>",
        "<",
        ">",
        "<de",
        "de>",
        "<>",
        " ",
        "\n",
        "hello",
        "好",
        *MARKS,
        *TASK_TOKENS.values(),
    ]
)


@given(WORDS, WORDS)
@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.kind)
def test_what_is_taught_is_read_again(task, transcript, translation):
    answer = read_answer(
        answer_text({"en": transcript, "de": translation}, task) + END_ANSWER + "more", task, LANGUAGES
    )
    two_parts = task.kind in ("translate", "translate_text")
    assert answer == Answer(
        transcript if task.kind != "translate_text" else "",
        None if task.kind == "transcribe" else "de",
        translation if two_parts else "",
        complete=True,
    )


@given(st.lists(PIECES, max_size=20).map("".join))
@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.kind)
def test_any_answer_has_parts_without_control_tokens(task, text):
    answer = read_answer(text, task, LANGUAGES)
    for part in (answer.transcript, answer.translation):
        assert not any(mark in part for mark in (*MARKS, *TASK_TOKENS.values(), "<de>", "<fr>", "<7>"))
    assert answer.language in {None, *LANGUAGES}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("good day <de><ST> guten Tag<eoa>", Answer("good day", "de", "guten Tag", True)),
        ("good day <fr><ST> bonjour", Answer("good day", "fr", "bonjour", True)),
        ("good day <de> <fr><ST> bonjour", Answer("good day", "de", "bonjour", False)),
        ("good day guten Tag", Answer("good day guten Tag", None, "", False)),
        ("good day <de><ST>", Answer("good day", "de", "", False)),
        ("<de><ST> guten Tag", Answer("", "de", "guten Tag", False)),
        ("good day <de><MT> guten Tag", Answer("good day", "de", "guten Tag", False)),
        ("good day <xx><ST> ?", Answer("good day <xx>", None, "", False)),
        ("", Answer("", None, "", False)),
    ],
)
def test_broken_answers(text, expected):
    found = read_answer(text, TRANSLATE, LANGUAGES)
    if "<xx>" not in text:
        assert found == expected
    assert found.language == expected.language and found.complete == expected.complete


@pytest.mark.parametrize("kind", INSTRUCTIONS)
def test_each_task_has_ten_instructions_with_its_languages(kind):
    task = SpeechTask(kind, "en", "fr")
    found = {instruction(task, str(number)) for number in range(200)}
    assert len(found) == len(set(INSTRUCTIONS[kind])) == 10
    assert all("English" in each for each in found)
    assert kind == "transcribe" or all("French" in each for each in found)
    assert before_input(task, "key") == before_input(task, "key")
    assert not any(mark in each for each in found for mark in MARKS)


def test_language_control_is_asked_for_as_translation_is():
    control, translate = SpeechTask("control_language", "en", "fr"), SpeechTask("translate", "en", "fr")
    assert all(instruction(control, str(n)) == instruction(translate, str(n)) for n in range(20))


def test_each_utterance_is_trained_to_write_the_token_of_one_language_drawn_by_its_name():
    controls = [SpeechTask("control_language", "en", language) for language in ("de", "fr", "zh")]
    tasks = [SpeechTask("transcribe", "en", "en"), *controls]
    drawn = [drawn_for(str(number), tasks) for number in range(600)]
    assert drawn == [drawn_for(str(number), tasks) for number in range(600)]
    assert all(found[0] == tasks[0] and len(found) == 2 for found in drawn)
    counts = [sum(found[1] == control for found in drawn) for control in controls]
    assert sum(counts) == 600 and min(counts) > 150
    assert drawn_for("1", tasks[:1]) == tasks[:1]
