"""Channels in the plans of the first two experiments: sets for training and tests are simulated recordings, checks have clean speech."""

import pytest

from tauspeech.experiments.lors.plan import plan as lors_of
from tauspeech.plan.config import complete
from tauspeech.runtime.errors import UserError

NOISY = {"noise": {"snr": [0, 5]}}
WORDS = ("neuschwanstein", "avignon", "raphael")
LORS = {"name": "t", "experiment": "lors", "base": "foundation/multilingual-tiny", "scoring": {"sclite": False}}


@pytest.fixture
def lors(folder):
    def make(**speech):
        config = LORS | {"groups": {"high": {"languages": ["ca", "de"]}}, "speech": speech}
        return lors_of(complete(config, "c.yaml"), folder / "results" / "t")

    return make


def made(plan, stage):
    return {id for found, id in plan.jobs if found == stage}


def sets_of(plan):
    """The sets that fine-tunes, searches and decoding use."""
    return [
        job for found in plan.jobs.values() for job in found.inputs.get("sets", []) if found.stage != "intelligibility"
    ]


def test_without_a_channel_nothing_is_planned_otherwise(plan, lors):
    for make in (plan, lors):
        without = make()
        assert not made(without, "channel")
        for spec in without.specs().values():
            assert "channel" not in spec


def test_words_and_general_sentences_are_simulated_recordings(plan):
    planned = plan(speech={"channel": NOISY})
    assert made(planned, "channel") == {*WORDS, "general"}
    assert {job.stage for job in sets_of(planned)} == {"channel"}
    far, near = planned.jobs["channel", "avignon"], planned.jobs["speech", "avignon"]
    assert far.inputs["speech"] is near and far.settings["languages"] == near.settings["languages"]
    assert far.settings["channel"]["noise"] == {"snr": [0, 5], "share": 1, "kinds": ["white", "pink", "brown", "hum"]}
    assert far.seed == near.seed


def test_whether_a_word_is_rare_is_checked_on_clean_speech(plan):
    planned = plan(speech={"channel": {}})
    assert planned.jobs["rarity", "avignon"].inputs["speech"].stage == "speech"
    assert plan().jobs["rarity", "avignon"].spec == planned.jobs["rarity", "avignon"].spec


def test_a_change_of_the_channel_makes_no_clean_speech_again(plan):
    one, other = (plan(speech={"channel": channel}).specs() for channel in ({}, NOISY))
    differing = {path.split("/")[1] for path in one if one[path] != other[path]}
    assert "channel" in differing and not differing & {"text", "speech", "rarity", "intelligibility", "base"}


def test_languages_are_simulated_recordings_and_the_check_is_of_clean_speech(lors):
    planned = lors(channel={})
    assert made(planned, "channel") == {"ca", "de"} and {job.stage for job in sets_of(planned)} == {"channel"}
    check = planned.jobs["intelligibility", "intelligibility"]
    assert {job.stage for job in check.inputs["sets"]} == {"speech"}
    assert check.spec == lors().jobs["intelligibility", "intelligibility"].spec


@pytest.mark.parametrize(
    ("channel", "message"),
    [
        ({"noise": {"snr": [20, 5]}}, r"key 'channel.noise.snr' is \[20, 5\]: give the lower end first"),
        ({"rooms": {"seconds": [0.6, 0.2]}}, r"key 'channel.rooms.seconds' is \[0.6, 0.2\]: give the lower end first"),
        ({"gain": [6, -12]}, r"key 'channel.gain' is \[6, -12\]: give the lower end first"),
        ({"noise": {"kinds": ["blue"]}}, "key 'speech.channel.noise.kinds.0': 'blue' is not one of"),
        ({"nois": {}}, "key 'speech.channel.nois' is unknown: did you mean 'noise'"),
        ({"rooms": {"share": 2}}, "key 'speech.channel.rooms.share': 2 is greater than the maximum of 1"),
        ([], r"key 'speech.channel': \[\] is not of type 'object', 'null'"),
    ],
)
def test_mistakes_are_refused_in_one_sentence(plan, channel, message):
    with pytest.raises(UserError, match=message):
        plan(speech={"channel": channel})


def test_a_channel_is_the_whole_runs(plan):
    with pytest.raises(UserError, match=r"'overrides\.avignon\.speech\.channel' is unknown"):
        plan(overrides={"avignon": {"speech": {"channel": {}}}})
