import re
from pathlib import Path

import pandas
import pytest
from matplotlib.image import imread

from tauspeech.experiments.rare_words.figures import LOOKS
from tauspeech.reporting import figures
from tauspeech.reporting.columns import with_bounds
from tauspeech.reporting.labels import spread
from tauspeech.reporting.palette import OTHERS, looks

TEXT = {"xlabel": "number of rare words", "ylabel": "BLEU", "known": LOOKS}


def scores(words: int = 4) -> pandas.DataFrame:
    frame = pandas.DataFrame({"n": range(1, words + 1)})
    for offset, system in enumerate(("Raw", "FT", "Average", "TA", "TIES", "DARE")):
        frame[system] = 60.0 + offset / 10 - frame["n"]
    return frame.assign(TA_low=frame["TA"] - 1, TA_high=frame["TA"] + 1)


def sweep(merges: int = 5) -> pandas.DataFrame:
    rows = [
        (f"word {merge}", method, weight, 50 + merge + weight, weight == 1.0)
        for merge in range(merges)
        for method in ("TA", "TIES")
        for weight in (1.0, 0.5)
    ]
    return pandas.DataFrame(rows, columns=["merge", "method", "weight", "value", "chosen"])


def draw_lines(frame: pandas.DataFrame, stem: Path) -> str:
    figures.lines(frame, stem, x="n", **TEXT)
    return stem.with_name(f"{stem.name}.svg").read_text()


def drawn_colours(svg: str) -> set[str]:
    return set(re.findall(r"stroke: (#[0-9a-f]{6})", svg)) & {look.colour for look in (*LOOKS.values(), *OTHERS)}


def test_both_files_are_drawn(tmp_path):
    draw_lines(scores(), tmp_path / "figure2")
    figures.weight_curves(sweep(), tmp_path / "weights", **TEXT)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "figure2.png",
        "figure2.svg",
        "weights.png",
        "weights.svg",
    ]
    for path in tmp_path.glob("*.png"):
        assert imread(path).std() > 0.05
    for path in tmp_path.glob("*.svg"):
        assert "<!-- number of rare words -->" in path.read_text()


def test_same_numbers_give_same_bytes(tmp_path):
    for run in ("a", "b"):
        draw_lines(scores(), tmp_path / run / "figure2")
        figures.weight_curves(sweep(), tmp_path / run / "weights", **TEXT)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()
    assert "dc:date" not in (tmp_path / "a" / "figure2.svg").read_text()


def test_a_dot_in_the_name_is_kept(tmp_path):
    draw_lines(scores(), tmp_path / "figure2.zh")
    assert (tmp_path / "figure2.zh.svg").exists()


def test_one_number_of_words_is_enough(tmp_path):
    svg = draw_lines(scores(1), tmp_path / "figure2")
    assert svg.count("<!-- 1 -->") == 1
    assert "<!-- DARE -->" in svg


def test_ticks_are_whole_numbers(tmp_path):
    labels = re.findall(r"<!-- (\S+) -->", draw_lines(scores(3), tmp_path / "figure2"))
    assert labels[:3] == ["1", "2", "3"]


def test_a_system_without_scores_is_left_out(tmp_path):
    svg = draw_lines(scores().assign(TIES=float("nan")), tmp_path / "figure2")
    assert "<!-- TIES -->" not in svg
    assert "<!-- DARE -->" in svg


def test_colours_stay_when_a_system_is_left_out(tmp_path):
    full = drawn_colours(draw_lines(scores(), tmp_path / "full"))
    less = drawn_colours(draw_lines(scores().drop(columns=["Raw", "Average"]), tmp_path / "less"))
    assert full == {look.colour for look in LOOKS.values()}
    assert full - less == {LOOKS["Raw"].colour, LOOKS["Average"].colour}


def test_looks_are_told_apart_without_colour():
    found = looks(["FT", "mine", "TA", "Raw", "yours", "DARE", "Average", "TIES"], LOOKS)
    assert found["FT"] == LOOKS["FT"]
    assert [found["mine"], found["yours"]] == list(OTHERS[:2])
    assert len({look.marker for look in found.values()}) == len(found)
    assert len({look.colour for look in found.values()}) == len(found)


@pytest.mark.parametrize("merges", [1, 2, 5])
def test_every_merge_has_a_panel(tmp_path, merges):
    figures.weight_curves(sweep(merges), tmp_path / "weights", **TEXT)
    svg = (tmp_path / "weights.svg").read_text()
    assert re.findall(r"<!-- (word \d) -->", svg) == [f"word {merge}" for merge in range(merges)]
    assert svg.count("<!-- chosen -->") == 1


def test_close_labels_are_moved_apart():
    assert spread([0.5, 0.9], gap=0.1, low=0, high=1) == [0.5, 0.9]
    assert spread([0.5, 0.5], gap=0.1, low=0, high=1) == pytest.approx([0.55, 0.45])
    assert spread([0.5, 0.52, 0.9], gap=0.1, low=0, high=1) == pytest.approx([0.46, 0.56, 0.9])
    assert spread([0.4, 0.5, 0.5, 0.5], gap=0.1, low=0, high=1) == pytest.approx([0.325, 0.625, 0.525, 0.425])


def test_labels_stay_inside():
    assert spread([1.0, 1.0, 0.0], gap=0.2, low=0, high=1) == pytest.approx([1.0, 0.8, 0.0])
    assert spread([0.9] * 5, gap=0.4, low=0, high=1) == pytest.approx([1.0, 0.75, 0.5, 0.25, 0.0])
    assert spread([], gap=0.1, low=0, high=1) == []


def test_only_a_pair_of_bounds_is_folded():
    assert with_bounds(["n", "TA", "TA_low", "TA_high", "FT", "FT_low", "x_low", "x_high"]) == {
        "n": None,
        "TA": ("TA_low", "TA_high"),
        "FT": None,
        "FT_low": None,
        "x_low": None,
        "x_high": None,
    }
