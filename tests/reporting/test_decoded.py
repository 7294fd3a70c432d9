"""What a report says about decoding."""

import pytest

from tauspeech.reporting.decoded import decoded


@pytest.mark.parametrize(
    ("beams", "precision", "text"),
    [
        (1, "fp32", "greedy, without timestamps"),
        (20, "bf16", "20 beams, without timestamps, activations in bf16, weights in fp32"),
    ],
)
def test_beams_timestamps_and_precision_are_stated(beams, precision, text):
    assert decoded({"beams": beams, "precision": precision}) == text
