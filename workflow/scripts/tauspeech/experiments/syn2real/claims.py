"""Claims of the SYN2REAL paper about its tables and figures, and what it does not ask."""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean

from tauspeech.experiments.syn2real.conditions import syn2real
from tauspeech.experiments.syn2real.jobs import SINGLE
from tauspeech.experiments.syn2real.systems import (
    BASELINE,
    JOINT,
    MERGED,
    MERGED_ENSEMBLE,
    PRETRAINED,
    PSEUDO_BASELINE,
    PSEUDO_MERGED,
    SOURCE,
    Setting,
    Syn2RealSystems,
)
from tauspeech.plan.paper_tables import paper_table, smallest_difference
from tauspeech.plan.tables import Compared, PlannedCell, PlannedClaim, PlannedPoint

REDUCTION = 0.9  # of the baseline's score: 10 % less WER
INNER = (0.3, 0.5)  # scales between which the paper finds the lowest WER of most models
LOST = 1.02  # times the best scale's score: at most 2 % more WER
FEW = 5  # source domains that bring most of the gain
BEYOND = "not in the paper"
SIZES = ("tiny", "base", "small", "medium", "large")  # as names of Whispers have them, from the smallest

Cells = Mapping[str, Sequence[PlannedCell]]


def claims(systems: Syn2RealSystems) -> list[PlannedClaim]:
    found = [*_of_targets(systems), *_of_scales(systems)]
    if "table5" in systems.config["tables"]:
        found += _of_ensemble(systems)
    if "table2" in systems.config["tables"]:
        found += _of_sizes(systems)
    if "table3" in systems.config["tables"]:
        found += _of_other_family(systems)
    if "table4" in systems.config["tables"]:
        found += _of_engines(systems)
    if "fig6" in systems.config["figures"]["drawn"]:
        found += _of_counts(systems)
    if "pseudo2real" in systems.config["tables"]:
        found += _of_pseudo_labels(systems)
    return found


def _claim(
    id: str,
    statement: str,
    source: str,
    better: Compared,
    than: Mapping[str, Compared],
    factor: float = 1.0,
    paper: float | None = None,
) -> PlannedClaim:
    return PlannedClaim(id, statement, source, better, than, factor, paper=paper)


def _paper(table: str, better: str, than: str, factor: float = 1.0) -> float:
    """The difference of the averages in a table of the paper."""
    found = paper_table("syn2real", table)
    return smallest_difference(-found[better]["Average"], [-found[than]["Average"]], factor)


def _of_targets(systems: Syn2RealSystems) -> Iterator[PlannedClaim]:
    names = (PRETRAINED, SOURCE, BASELINE, MERGED, JOINT)
    cells = systems.of_syn2real(Setting(), systems.tested, names)
    order = {
        "source-above-pretrained": ("Fine-tuning on the sources", SOURCE, PRETRAINED),
        "synthetic-above-source": ("Synthetic speech of the target, after the sources,", BASELINE, SOURCE),
        "syn2real-above-synthetic": ("SYN2REAL", MERGED, BASELINE),
    }
    for id, (subject, better, than) in order.items():
        statement = f"{subject} lowers the average WER of the targets ({better} below {than})."
        yield _claim(
            id, statement, "Table 1", cells[better], {than: cells[than]}, paper=_paper("averages", better, than)
        )
    statement = "SYN2REAL has 10 % less WER on average than the target's synthetic speech alone."
    paper = _paper("averages", MERGED, BASELINE, REDUCTION)
    yield _claim("relative", statement, "Table 1", cells[MERGED], {BASELINE: cells[BASELINE]}, REDUCTION, paper)
    statement = "SYN2REAL is better than one training on recorded sources and the synthetic target together."
    yield _claim("syn2real-above-joint", statement, BEYOND, cells[MERGED], {JOINT: cells[JOINT]})


def _of_scales(systems: Syn2RealSystems) -> Iterator[PlannedClaim]:
    """Claims about Figure 4, on the curves of all targets."""
    points = _Curves(systems)
    inner = [scale for scale in points.scales if INNER[0] <= scale <= INNER[1]]
    if inner and 0 in points.scales and 1 in points.scales:
        statement = f"Scales of {INNER[0]:g} to {INNER[1]:g} are better than 0 and than 1 (an inner optimum)."
        ends = {f"scale {end:g}": points.at([end]) * len(inner) for end in (0, 1)}
        yield _claim("inner-optimum", statement, "Figure 4", points.at(inner), ends)
    if systems.config["merging"]["scale"] == "held_out":
        cells = systems.of_syn2real(Setting(), systems.tested, (MERGED,))
        statement = "The scale chosen on held-out sources loses at most 2 % of WER to any scale for all targets."
        rivals = {f"scale {scale:g}": points.at([scale]) for scale in points.scales if scale}
        yield _claim("held-out-scale", statement, BEYOND, cells[MERGED], rivals, LOST)


class _Curves:
    """Points of the targets' curves over scales, by scale."""

    def __init__(self, systems: Syn2RealSystems):
        self._systems = systems
        self.scales: list[float] = sorted(systems.config["figures"]["scales"])

    def at(self, scales: Sequence[float]) -> list[PlannedPoint]:
        numbers = [self.scales.index(scale) for scale in scales]
        models = self._systems.models()
        return [
            point
            for target in self._systems.tested
            for point in self._systems.points(models.scale_curve(target, syn2real(), SINGLE), target, numbers)
        ]


def _of_ensemble(systems: Syn2RealSystems) -> Iterator[PlannedClaim]:
    cells = systems.of_syn2real(Setting(), systems.compared, (BASELINE, MERGED, MERGED_ENSEMBLE))
    table5, table1 = paper_table("syn2real", "table5"), paper_table("syn2real", "table1")
    single = fmean(table1[MERGED][target] for target in table5[BASELINE] if target != "Average")
    paper = smallest_difference(-table5[MERGED_ENSEMBLE]["Average"], [-single])
    statement = "The ensemble of the sources' vectors is better than one vector of all sources."
    yield _claim(
        "ensemble-above-single", statement, "Table 5", cells[MERGED_ENSEMBLE], {MERGED: cells[MERGED]}, paper=paper
    )
    statement = "The ensemble is better than the target's synthetic speech alone."
    paper = _paper("table5", MERGED_ENSEMBLE, BASELINE)
    than = {BASELINE: cells[BASELINE]}
    yield _claim("ensemble-above-synthetic", statement, "Table 5", cells[MERGED_ENSEMBLE], than, paper=paper)


def _of_sizes(systems: Syn2RealSystems) -> Iterator[PlannedClaim]:
    """SYN2REAL helps each model; its gain in points is larger for a smaller model, as the paper's is in percent."""
    others = _other_bases(systems, "table2")
    for setting in others:
        yield _gain(
            f"{setting.base}-syn2real-above-synthetic",
            f"SYN2REAL helps the base {setting.base}.",
            "Table 2",
            systems,
            setting,
        )
    sized = {size: each for each in (Setting(), *others) if (size := _size(systems, each)) is not None}
    for smaller, larger in itertools.pairwise(sized[size] for size in sorted(sized)):
        small, large = (systems.of_syn2real(each, systems.compared, (BASELINE, MERGED)) for each in (smaller, larger))
        names = [_base_name(systems, each) for each in (smaller, larger)]
        statement = (
            f"SYN2REAL lowers the WER of {names[0]} by more points than that of {names[1]} (half of the difference)."
        )
        # The mean of (merged small + baseline large) and of (baseline small + merged large): half the difference of gains.
        better, than = [*small[MERGED], *large[BASELINE]], [*small[BASELINE], *large[MERGED]]
        id = f"{smaller.base or 'own'}-gains-more-than-{larger.base or 'own'}"
        yield _claim(id, statement, "Table 2", better, {"the other gain": than})


def _size(systems: Syn2RealSystems, setting: Setting) -> int | None:
    """Place of a base among the sizes that its name tells, such as whisper-small; None if it tells none."""
    base: str = systems.config["other_bases"][setting.base]["base"] if setting.base else systems.config["base"]
    return next((place for place, size in enumerate(SIZES) if size in re.split(r"[^a-z]+", base.lower())), None)


def _base_name(systems: Syn2RealSystems, setting: Setting) -> str:
    base: str = systems.config["base"]
    return setting.base or base.rpartition("/")[2]


def _other_bases(systems: Syn2RealSystems, table: str) -> list[Setting]:
    return [Setting(base=name) for name, other in systems.config["other_bases"].items() if other["table"] == table]


def _of_other_family(systems: Syn2RealSystems) -> Iterator[PlannedClaim]:
    paper = _paper("table3", MERGED, BASELINE)
    for setting in _other_bases(systems, "table3"):
        statement = f"SYN2REAL helps the base {setting.base}."
        yield _gain(f"{setting.base}-syn2real-above-synthetic", statement, "Table 3", systems, setting, paper)


def _of_engines(systems: Syn2RealSystems) -> Iterator[PlannedClaim]:
    for name, voices in systems.config["speech"]["engines"].items():
        if voices:
            statement = f"SYN2REAL helps with synthetic speech of {name}."
            yield _gain(f"{name}-syn2real-above-synthetic", statement, "Table 4", systems, Setting(engine=name))


def _gain(
    id: str, statement: str, source: str, systems: Syn2RealSystems, setting: Setting, paper: float | None = None
) -> PlannedClaim:
    cells = systems.of_syn2real(setting, systems.compared, (BASELINE, MERGED))
    return _claim(id, statement, source, cells[MERGED], {BASELINE: cells[BASELINE]}, paper=paper)


def _of_counts(systems: Syn2RealSystems) -> Iterator[PlannedClaim]:
    """Claims about Figure 6; of each number of domains all draws count."""
    curves = {target: systems.models().count_curve(target, syn2real()) for target in systems.compared}
    counts = sorted({point["count"] for curve in curves.values() for point in curve.settings["candidates"]})

    def at(count: int) -> list[list[PlannedPoint]]:
        """Points by target."""
        return [
            systems.points(
                curve,
                target,
                [number for number, each in enumerate(curve.settings["candidates"]) if each["count"] == count],
            )
            for target, curve in curves.items()
        ]

    fewest, most = counts[0], counts[-1]
    if fewest == most:
        return
    statement = f"An ensemble of {most} source domains is better than one of {fewest}."
    yield _claim(
        "more-domains", statement, "Figure 6", _balanced(at(most), at(fewest)), {f"{fewest}": _flat(at(fewest))}
    )
    few = [count for count in counts if fewest < count <= FEW]
    if few and few[-1] < most:
        some = few[-1]
        statement = f"Most of the gain comes with the first {some} source domains."
        # gain(some) - (gain(all) - gain(some)) > 0, each against the fewest: 2 some > fewest + all.
        better = [*_balanced(at(some), at(fewest)), *_balanced(at(some), at(fewest))]
        than = [*_flat(at(fewest)), *_balanced(at(most), at(fewest))]
        yield _claim("first-domains", statement, "Figure 6", better, {"the rest of the gain": than})


def _flat(points: Sequence[Sequence[PlannedPoint]]) -> list[PlannedPoint]:
    return [point for of_target in points for point in of_target]


def _balanced(points: Sequence[list[PlannedPoint]], like: Sequence[list[PlannedPoint]]) -> list[PlannedPoint]:
    """Points of each target as often as the others have some, so that every target counts the same."""
    return [
        point
        for of_target, others in zip(points, like, strict=True)
        for point in (of_target * len(others))[: max(len(of_target), len(others))]
    ]


def _of_pseudo_labels(systems: Syn2RealSystems) -> Iterator[PlannedClaim]:
    cells = systems.of_pseudo2real()
    statement = (
        "True less pseudo-labels of the sources, added to a model of the target's pseudo-labels, lowers its WER."
    )
    yield _claim("pseudo2real", statement, BEYOND, cells[PSEUDO_MERGED], {PSEUDO_BASELINE: cells[PSEUDO_BASELINE]})
