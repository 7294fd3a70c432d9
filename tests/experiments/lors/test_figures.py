import re
from collections.abc import Sequence
from pathlib import Path

import pandas
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from tauspeech.experiments.lors.figures import LOOKS, pruning_curves
from tauspeech.experiments.rare_words.figures import LOOKS as RARE_WORDS
from tauspeech.reporting.palette import looks, shades
from tauspeech.reporting.panels import panels
from tauspeech.runtime.errors import UserError

SYSTEMS = ("Finetuned", "Multi-lingual training", "Task Arithmetic", "LoRS-Merging")
NAN = float("nan")


def scores(xs: Sequence[float] = (2, 3, 4, 5), tasks: Sequence[str] = ("transcribe", "translate")) -> pandas.DataFrame:
    frame = pandas.DataFrame([(task, x) for task in tasks for x in xs], columns=["task", "x"])
    for offset, system in enumerate(SYSTEMS):
        frame[system] = 20.0 + offset / 10 + frame.index
    return frame


def sweep(sizes: Sequence[float] = (0.05, 1.0, 10.0)) -> pandas.DataFrame:
    rows = [
        (method, size, ratio / 4, 20 + size / 10 + abs(ratio - 1))
        for method in ("magnitude", "svd")
        for size in sizes
        for ratio in (4, 3, 2, 1, 0)
    ]
    return pandas.DataFrame(rows, columns=["method", "size", "ratio", "value"])


def draw_panels(frame: pandas.DataFrame, stem: Path) -> str:
    panels(frame, stem, x="x", xlabel="number of languages", known=LOOKS)
    return stem.with_name(f"{stem.name}.svg").read_text()


def draw_sweep(frame: pandas.DataFrame, stem: Path) -> str:
    pruning_curves(frame, stem)
    return stem.with_name(f"{stem.name}.svg").read_text()


def texts(svg: str) -> list[str]:
    return re.findall(r"<!-- (.+?) -->", svg)


def drawn_lines(svg: str, colour: str) -> list[str]:
    """The paths drawn in a colour, those of the legend included; markers and rings are filled or closed shapes."""
    groups = re.findall(rf'<path d="([^"]*)"[^>]*style="fill: none[^"]*stroke: {colour}', svg)
    return [path for path in groups if "C" not in path]


def rings(svg: str) -> list[float]:
    """Where on the horizontal axis rings are drawn, panel by panel, and last in the legend."""
    return [float(x) for x in re.findall(r'<use [^>]*x="(\S+)"[^>]*style="fill-opacity: 0;', svg)]


def test_both_files_are_drawn(tmp_path):
    draw_panels(scores(), tmp_path / "figure3")
    draw_sweep(sweep(), tmp_path / "figure5")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "figure3.png",
        "figure3.svg",
        "figure5.png",
        "figure5.svg",
    ]
    for path in tmp_path.glob("*.png"):
        assert imread(path).std() > 0.05


def test_same_numbers_give_same_bytes(tmp_path):
    for run in ("a", "b"):
        draw_panels(scores(), tmp_path / run / "figure3")
        draw_sweep(sweep(), tmp_path / run / "figure5")
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()
    assert "dc:date" not in (tmp_path / "a" / "figure5.svg").read_text()


def test_the_order_of_rows_does_not_matter(tmp_path):
    for draw, frame in ((draw_panels, scores()), (draw_sweep, sweep())):
        assert draw(frame, tmp_path / "a") == draw(frame[::-1], tmp_path / "b")


def test_a_panel_per_task_and_a_line_per_system(tmp_path):
    svg = draw_panels(scores(), tmp_path / "both")
    assert [text for text in texts(svg) if text in ("WER", "BLEU", *SYSTEMS)] == ["WER", "BLEU", *SYSTEMS]
    for system in SYSTEMS:
        assert len(drawn_lines(svg, LOOKS[system].colour)) == 3  # two panels and the legend
    svg = draw_panels(scores(tasks=["translate"]), tmp_path / "one")
    assert "WER" not in texts(svg)
    assert len(drawn_lines(svg, LOOKS["Finetuned"].colour)) == 2


@pytest.mark.parametrize("xs", [(2, 3, 4, 5), (0.05, 0.5, 2.5, 10), (1, 1.5, 2), (0, 100), (3,)])
def test_ticks_are_the_numbers_themselves(tmp_path, xs):
    labels = texts(draw_panels(scores(xs, ["transcribe"]), tmp_path / "figure4"))
    assert labels[: len(xs) + 1] == [*(f"{x:g}" for x in xs), "number of languages"]


def test_a_wide_range_of_hours_is_not_crowded(tmp_path):
    svg = draw_panels(scores((0.1, 1, 10), ["transcribe"]), tmp_path / "figure4")
    curve, _ = drawn_lines(svg, LOOKS["Finetuned"].colour)
    first, second, third = (float(x) for x in re.findall(r"[ML] (\S+)", curve))
    assert second - first == pytest.approx(third - second)


def test_a_gap_breaks_a_line_and_an_empty_system_is_left_out(tmp_path):
    frame = scores(tasks=["transcribe"]).assign(Finetuned=[20.0, NAN, 21.0, 22.0], Mine=NAN)
    svg = draw_panels(frame, tmp_path / "figure3")
    curve, _ = drawn_lines(svg, LOOKS["Finetuned"].colour)
    assert re.sub("[^ML]", "", curve) == "MML"  # a lone point, then two joined ones
    assert "Mine" not in texts(svg)
    assert "LoRS-Merging" in texts(svg)


def test_bounds_are_bars_and_no_systems(tmp_path):
    frame = scores()
    svg = draw_panels(
        frame.assign(Finetuned_low=frame["Finetuned"] - 1, Finetuned_high=frame["Finetuned"] + 1), tmp_path / "bars"
    )
    assert "Finetuned_low" not in texts(svg)
    assert svg != draw_panels(frame, tmp_path / "plain")


def test_a_line_per_size_and_a_ring_around_its_best(tmp_path):
    svg = draw_sweep(sweep(), tmp_path / "figure5")
    assert [text for text in texts(svg) if text in ("SVP", "MP") or text.endswith((" h", "best"))] == [
        "SVP",
        "MP",
        "0.05 h",
        "1 h",
        "10 h",
        "best",
    ]
    for look in shades([0.05, 1.0, 10.0]).values():
        assert len(drawn_lines(svg, look.colour)) == 3
    left, right = rings(svg)[:3], rings(svg)[3:6]
    assert len(set(left)) == 1  # the best of every size is at one ratio
    assert right[0] > left[0]


@pytest.mark.parametrize("methods", [["svd"], ["magnitude"], ["svd", "magnitude"]])
def test_one_size_and_one_pruning_are_enough(tmp_path, methods):
    frame = sweep([10.0])
    svg = draw_sweep(frame[frame["method"].isin(methods)], tmp_path / "figure5")
    assert texts(svg).count("10 h") == 1
    assert ("SVP" in texts(svg), "MP" in texts(svg)) == ("svd" in methods, "magnitude" in methods)


def test_missing_scores_of_a_size(tmp_path):
    frame = sweep()
    frame.loc[frame["size"] == 1, "value"] = NAN
    frame.loc[(frame["size"] == 10) & (frame["ratio"] == 0.5), "value"] = NAN
    svg = draw_sweep(frame, tmp_path / "figure5")
    assert "1 h" not in texts(svg)
    assert [text for text in texts(svg) if text.endswith(" h")] == ["0.05 h", "10 h"]


@pytest.mark.parametrize(("draw", "frame"), [(draw_panels, scores()), (draw_sweep, sweep())])
def test_a_table_that_cannot_be_drawn(tmp_path, draw, frame):
    first = frame.columns[0]
    with pytest.raises(UserError, match=f"Column '{first}' of a figure's table has 'guess'; it takes"):
        draw(frame.replace({first: {frame[first][0]: "guess"}}), tmp_path / "figure")
    with pytest.raises(UserError, match="no scores"):
        draw(frame.head(0), tmp_path / "figure")
    numbers = [column for column in frame if column not in ("task", "method", "x", "size", "ratio")]
    with pytest.raises(UserError, match="no scores"):
        draw(frame.assign(**dict.fromkeys(numbers, NAN)), tmp_path / "figure")
    assert not list(tmp_path.iterdir())


def test_systems_are_told_apart_without_colour():
    found = looks([*LOOKS, "mine"], LOOKS)
    assert {name: found[name] for name in LOOKS} == LOOKS
    assert LOOKS["Task Arithmetic"] == RARE_WORDS["TA"]
    assert len({look.marker for look in found.values()}) == len(found)
    assert len({look.colour for look in found.values()}) == len(found)


def test_of_equal_scores_the_most_pruned_is_ringed(tmp_path):
    frame = sweep([1.0])
    flat = draw_sweep(frame.assign(value=20.0), tmp_path / "flat")
    falling = draw_sweep(frame.assign(value=20 - frame["ratio"]), tmp_path / "falling")
    rising = draw_sweep(frame.assign(value=20 + frame["ratio"]), tmp_path / "rising")
    assert rings(flat)[0] == pytest.approx(rings(rising)[0], abs=20)  # tick labels differ in width
    assert rings(falling)[0] > rings(flat)[0] + 100


def test_the_larger_the_darker():
    found = shades([0.05, 0.5, 1.0, 10.0])
    brightness = [sum(to_rgb(look.colour)) for look in found.values()]
    assert brightness == sorted(brightness, reverse=True)
    assert len({look.marker for look in found.values()}) == 4
    assert shades([7.0])[7.0].colour == found[10.0].colour
