"""The verdict on a word, and the check that stops a run."""

import pytest

from tauspeech.runtime.errors import UserError
from tauspeech.scoring.intelligibility import (
    CheckedSpeech,
    measures_of,
    require_intelligible,
    verdict_on,
)

LEAST = {"control": 0.5, "round_trip": 0.4}


def measured(least=LEAST, **shares):
    written = [{"sentence": "春天的埃菲尔铁塔", "hypothesis": "春天啊啊啊"}]
    return measures_of(shares | {"examples": dict.fromkeys(shares, written)}, least)


@pytest.mark.parametrize(
    ("recall", "control", "round_trip", "verdict"),
    [
        (0.0, 0.9, 0.9, "rare"),
        (0.2, 0.5, 0.4, "rare"),  # at the limits
        (0.21, 0.9, 0.9, "known"),
        (0.0, 0.49, 0.4, "rare"),  # one of them shows that the speech is recognised
        (0.0, 0.5, 0.39, "rare"),
        (0.0, 0.49, 0.39, "unintelligible"),
        (0.9, 0.1, 0.1, "unintelligible"),
        (0.0, 0.49, None, "unintelligible"),
        (0.0, None, 0.9, "rare"),
        (0.0, None, 0.1, "unintelligible"),
        (0.0, 0.9, None, "rare"),
        (0.3, None, None, "known"),
    ],
)
def test_a_word_is_known_rare_or_unintelligible(recall, control, round_trip, verdict):
    assert verdict_on(recall, 0.2, measured(control=control, round_trip=round_trip)) == verdict


def checked(id, **shares):
    return CheckedSpeech(id, measured(**shares))


def test_speech_that_is_recognised_passes():
    require_intelligible([checked("a", control=0.5, round_trip=0.4), checked("b", round_trip=1.0), checked("c")])


def test_the_message_has_the_shares_the_keys_what_the_base_writes_and_what_to_do():
    with pytest.raises(UserError) as error:
        require_intelligible([checked("avignon", control=0.05, round_trip=0.3), checked("raphael", control=1.0)])
    assert str(error.value) == (
        "speech that the base does not recognise: avignon (recall of common words 0.05, and rarity.control_least is 0.5; share "
        "of sentences that pass the round-trip check 0.30, and speech.check.least_share is 0.4; of '春天的埃菲尔铁塔' the base writes '春天啊啊啊'). A training on it would learn noise, so none was started: use other "
        "voices (speech.voices; docs/generators.md) or recordings, a slower rate (speech.rate), or another base."
    )


def test_of_many_words_some_are_named():
    with pytest.raises(UserError, match=r"w0 \(.*w2 \([^)]*\) and 7 more\. "):
        require_intelligible([checked(f"w{number}", round_trip=0.1) for number in range(10)])


def test_a_least_share_of_0_lets_everything_pass():
    assert verdict_on(0, 0.2, measured({"control": 0, "round_trip": 0}, control=0.0, round_trip=0.0)) == "rare"


def test_a_measure_with_a_least_share_of_0_does_not_count():
    for least in ({"control": 0, "round_trip": 0.5}, {"control": 0.5, "round_trip": 0}):
        assert verdict_on(0, 0.2, measured(least, control=0.4, round_trip=0.4)) == "unintelligible"
