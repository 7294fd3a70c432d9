"""The check of a word's rarity, where an engine failed to synthesise some of its sentences."""

import pytest

from check_rarity import _paired
from tauspeech.runtime.errors import UserError


def row(kind, number):
    return {"utterance": f"a-{kind}-{number:05d}", "split": kind}


def test_a_carrier_goes_with_its_own_control():
    rows = [row("carrier", number) for number in (1, 2, 4)] + [row("control", number) for number in (4, 3, 2)]
    carriers, controls = _paired(rows)
    assert carriers == [row("carrier", 2), row("carrier", 4)]
    assert controls == [row("control", 2), row("control", 4)]


def test_the_users_own_carriers_have_no_controls():
    carriers, controls = _paired([row("carrier", 1), row("carrier", 2)])
    assert (len(carriers), controls) == (2, [])


def test_carriers_of_which_none_has_its_control_are_an_error():
    with pytest.raises(UserError, match=r"no carrier sentence was synthesised together with its control"):
        _paired([row("carrier", 1), row("control", 2)])
