"""Claims of the LoRS paper about its Figures 3 to 5, of which it gives no numbers."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from tauspeech.experiments.lors.figure_systems import FigureSystems
from tauspeech.experiments.lors.systems import LorsSystems
from tauspeech.plan.tables import Compared, PlannedCell, PlannedClaim

TA, LORS, FINETUNED = "Task Arithmetic", "LoRS-Merging", "Finetuned"
OF_TASK = {"asr": "recognition", "st": "translation"}
PRUNINGS = {"svd": "SVP", "magnitude": "MP"}


def figure_claims(systems: LorsSystems) -> list[PlannedClaim]:
    """Claims about the figures that are drawn."""
    points = FigureSystems(systems)
    return [claim for name in systems.config["figures"]["drawn"] for claim in OF_FIGURE[name](points)]


def _numbers_of_languages(points: FigureSystems) -> Iterator[PlannedClaim]:
    for task, about in OF_TASK.items():
        by_count = {count: points.of_count(task, count) for count in points.counts(task)}
        every = _pooled(list(by_count.values()))
        fewest, most = by_count[min(by_count)], by_count[max(by_count)]
        statement = f"LoRS-Merging is above Task Arithmetic over all combinations of languages ({about})."
        yield _claim(3, f"{task}-lors-above-ta", statement, every[LORS], {TA: every[TA]})
        if task == "asr":
            statement = f"LoRS-Merging is above the single fine-tunes over all combinations of languages ({about})."
            yield _claim(3, f"{task}-lors-above-finetuned", statement, every[LORS], {FINETUNED: every[FINETUNED]})
        if len(by_count) > 1:
            for name in (TA, LORS):
                statement = f"{name} is worse with all languages than with two ({about})."
                id = f"{task}-{name.partition('-')[0].lower().replace(' ', '-')}-degrades"
                yield _claim(3, id, statement, fewest[name], {"all languages": most[name]})


def _hours_of_speech(points: FigureSystems) -> Iterator[PlannedClaim]:
    for task, about in OF_TASK.items():
        by_share = {share: points.of_share(task, share) for share in points.shares}
        every = _pooled(list(by_share.values()))
        least, most = by_share[points.shares[0]], by_share[points.shares[-1]]
        statement = f"LoRS-Merging is above Task Arithmetic over all hours of speech ({about})."
        yield _claim(4, f"{task}-lors-above-ta", statement, every[LORS], {TA: every[TA]})
        if len(by_share) > 1:
            statement = (
                f"What LoRS-Merging loses against the single fine-tunes grows with the hours of speech ({about})."
            )
            # The mean of (fine-tuned with most + merged with least) and of (merged with most + fine-tuned with least):
            # half the difference of the losses.
            better, than = [*most[FINETUNED], *least[LORS]], [*most[LORS], *least[FINETUNED]]
            yield _claim(4, f"{task}-loss-grows", statement, better, {"least speech": than})


def _pruning(points: FigureSystems) -> Iterator[PlannedClaim]:
    config = points.systems.config
    ratios = {"svd": config["merging"]["ranks"], "magnitude": config["merging"]["keeps"]}
    drawn = config["figures"]["ratios"]
    kept = {method: [ratio for ratio in ratios[method] if ratio in drawn and ratio < 1] for method in PRUNINGS}
    if 1 not in drawn or not all(kept.values()):
        return

    def pruned(method: str, shares: Sequence[float]) -> Compared:
        return [cell for share in shares for cell in points.pruned(share, method, kept[method])]

    def whole(method: str, shares: Sequence[float]) -> Compared:
        """Cells of the models that keep everything, as often as there are pruned ones."""
        return [cell for share in shares for cell in points.pruned(share, method, [1]) for _ in kept[method]]

    shares = points.shares
    for method, name in PRUNINGS.items():
        statement = f"{name} of single vectors is above keeping all of them (recognition)."
        yield _claim(5, f"{name.lower()}-gains", statement, pruned(method, shares), {"all": whole(method, shares)})
    statement = "MP of single vectors is above SVP (recognition)."
    yield _claim(5, "mp-above-svp", statement, pruned("magnitude", shares), {"SVP": pruned("svd", shares)})
    if len(shares) > 1:
        least, most = shares[:1], shares[-1:]
        for method, name in PRUNINGS.items():
            statement = f"{name} gains more with most speech than with least (recognition)."
            better = [*pruned(method, most), *whole(method, least)]
            than = [*whole(method, most), *pruned(method, least)]
            yield _claim(5, f"{name.lower()}-gain-grows", statement, better, {"least speech": than})


def _claim(figure: int, id: str, statement: str, better: Compared, than: Mapping[str, Compared]) -> PlannedClaim:
    return PlannedClaim(f"fig{figure}-{id}", statement, f"Figure {figure}", better, than)


def _pooled(points: Sequence[Mapping[str, Sequence[PlannedCell]]]) -> dict[str, list[PlannedCell]]:
    """All cells of each system."""
    return {system: [cell for point in points for cell in point[system]] for system in points[0]}


OF_FIGURE: Mapping[str, Callable[[FigureSystems], Iterator[PlannedClaim]]] = {
    "fig3": _numbers_of_languages,
    "fig4": _hours_of_speech,
    "fig5": _pruning,
}
