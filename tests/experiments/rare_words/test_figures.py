"""Figure 2 in both readings of the paper's weights."""

import re

import pandas as pd
import pytest

from tauspeech.experiments.rare_words.figures import draw

SYSTEMS = ("Raw", "FT", "Average", "TA", "TIES", "DARE")
SETTINGS = {"task": "translate", "language": "en"}


def labels(folder, kind, systems):
    """Labels of the lines that are drawn, in the order of their lines."""
    frame = pd.DataFrame({"words": ["1", "2", "pair"]})
    for height, system in enumerate(systems):
        frame[system] = 60.0 + 5 * height
        frame[f"{system}_low"], frame[f"{system}_high"] = frame[system] - 1, frame[system] + 1
    draw(frame, folder / kind, SETTINGS | {"kind": kind})
    assert (folder / f"{kind}.png").is_file()
    found = re.findall(r"<!-- (.+?) -->", (folder / f"{kind}.svg").read_text(encoding="utf-8"))
    return [text for text in found if text[:3] in {system[:3] for system in SYSTEMS}]


def test_with_weights_from_validation_each_system_has_a_line(tmp_path):
    assert set(labels(tmp_path, "fig2", SYSTEMS)) == set(SYSTEMS)


@pytest.mark.parametrize("systems", [SYSTEMS, tuple(system for system in SYSTEMS if system != "TA")])
def test_with_weights_that_sum_to_one_the_line_of_average_is_also_that_of_ta(tmp_path, systems):
    average = "Average, TA" if "TA" in systems else "Average"
    assert set(labels(tmp_path, "fig2_normalised", systems)) == {"Raw", "FT", average, "TIES", "DARE"}
