"""Tables of the experiment syn2real: relative gains, scales, sizes of the domains, and its figures in numbers."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pandas as pd

from tauspeech.data import manifest
from tauspeech.experiments.syn2real.cosines import cosine_table
from tauspeech.reporting.columns import is_bound
from tauspeech.reporting.score_table import score_table
from tauspeech.reporting.tables import read_json, read_scores
from tauspeech.runtime.job import Job
from tauspeech.scoring.intervals import t_quantile

MEAN = "Average"
RATIOS, IMPROVED = "Mean of ratios", "Domains improved"  # columns of relative gains alone

Frame = tuple[pd.DataFrame, pd.DataFrame | None]


def build(job: Job) -> Frame:
    return KINDS[job.settings["kind"]](job)


# Relative gains


def _relative(job: Job) -> Frame:
    scores = {id: read_scores(path) for id, path in job.inputs("scores").items()}
    frame, detail = score_table(job.settings, scores)
    found = with_relative(frame, job.settings["pairs"])
    missing = pd.DataFrame(job.settings.get("missing", []))
    shown = pd.concat([found, missing], ignore_index=True) if len(missing) else found
    return shown, pd.concat([detail, paper_rows(job.settings["paper"])], ignore_index=True)


def with_relative(frame: pd.DataFrame, pairs: list[dict[str, Any]]) -> pd.DataFrame:
    """The table with a row of relative gains below the systems of each pair.

    Of the average it is the gain of averages, as in the paper; the mean of the domains' gains stands beside it, and in how
    many domains the score is better.
    """
    scored = [column for column in frame if not is_bound(column) and column not in ("model", "tts")]
    domains = [column for column in scored if column not in ("system", MEAN)]
    lines = frame.to_dict("records")
    # From the last pair on, so that places of the earlier ones stay as they are.
    for pair in sorted(pairs, key=lambda pair: max(pair["better"], pair["than"]), reverse=True):
        better, than = frame.iloc[pair["better"]], frame.iloc[pair["than"]]
        gains = {column: relative(than[column], better[column]) for column in (*domains, MEAN)}
        line = pair["names"] | gains
        line[RATIOS] = round(fmean(gains[column] for column in domains), 2)
        line[IMPROVED] = sum(better[column] < than[column] for column in domains)
        lines.insert(max(pair["better"], pair["than"]) + 1, line)
    found = pd.DataFrame(lines)
    names = [column for column in ("model", "tts", "system") if column in frame]
    ends = list(filter(is_bound, frame))
    return found[[*names, *domains, MEAN, RATIOS, IMPROVED, *ends]].astype({IMPROVED: "Int64"})


def relative(before: float, after: float) -> float:
    """Gain in percent of an error rate."""
    return round(100 * (1 - after / before), 2) if before else float("nan")


def paper_rows(paper: dict[str, dict[str, float]]) -> pd.DataFrame:
    """The paper's own numbers as rows of details."""
    return pd.DataFrame(
        [
            {
                "row": row,
                "column": column,
                "model": "the paper's",
                "task": "transcribe",
                "metric": "paper",
                "value": value,
            }
            for row, cells in paper.items()
            for column, value in cells.items()
        ]
    )


# Scales


def _scales(job: Job) -> Frame:
    found = {id: read_json(path) for id, path in job.inputs("searches").items()}
    return scales_table(job.settings["rows"], job.settings["fixed"], found), None


def scales_table(rows: list[dict[str, Any]], fixed: float | None, found: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """The scale of each target and its score, beside the baseline and the best scale on the target's own test set.

    The latter is an oracle: it needs recordings that the target does not have.
    """
    lines = []
    for row in rows:
        curve = {point["scale"]: point["score"] for point in found[row["curve"]]["points"]}
        scale = found[row["choice"]]["chosen"]["scale"] if "choice" in row else fixed
        best = min(curve, key=lambda scale: (curve[scale], scale))
        at, oracle = curve.get(scale), curve[best]
        line = {"target": row["target"], "vector": row["vector"]}
        line |= {"held out": row["held_out"]} if "held_out" in row else {}
        line |= {"scale": scale, "WER": _rounded(at), "WER at 0": _rounded(curve.get(0))}
        line |= {"oracle scale": best, "oracle WER": _rounded(oracle)}
        lines.append(line | {"lost %": round(-relative(oracle, at), 2) if at is not None else None})
    return pd.DataFrame(lines)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


# Domains


def _domains(job: Job) -> Frame:
    files = job.inputs("sets")
    return domains_table(job.settings["recorded"], job.settings["synthetic"], files), None


def domains_table(recorded: dict[str, str], synthetic: dict[str, str], files: dict[str, Path]) -> pd.DataFrame:
    """Utterances of each domain: recordings by split, and synthetic ones for training."""
    lines = []
    for domain in synthetic:
        rows = manifest.texts(files[recorded[domain]]) if domain in recorded else []
        spoken = manifest.texts(files[synthetic[domain]])
        counts, made = (Counter(row["split"] for row in each) for each in (rows, spoken))
        line: dict[str, Any] = {"domain": domain}
        line |= {f"recorded {split}": counts[split] for split in ("train", "validation", "test")}
        line |= {f"synthetic {split}": made[split] for split in ("train", "validation")}
        lines.append(line | {"minutes recorded": round(sum(row["seconds"] for row in rows) / 60, 1)})
    return pd.DataFrame(lines)


# Figures in numbers


def _fig4(job: Job) -> Frame:
    found = {id: read_json(path) for id, path in job.inputs("searches").items()}
    return scale_curves(job.settings["curves"], found)


def _points(curves: list[dict[str, str]], found: dict[str, dict[str, Any]], columns: dict[str, str]) -> pd.DataFrame:
    """All points of some curves: what is said of a curve, columns of its points under other names, and the WER."""
    return pd.DataFrame(
        [
            {name: value for name, value in curve.items() if name != "curve"}
            | {name: point[key] for name, key in columns.items()}
            | {"WER": round(point["score"], 2)}
            for curve in curves
            for point in found[curve["curve"]]["points"]
        ]
    )


def scale_curves(curves: list[dict[str, str]], found: dict[str, dict[str, Any]]) -> Frame:
    """The mean over the targets at each scale, a column a setting; details have each target's."""
    detail = _points(curves, found, {"scale": "scale"})
    order = list(dict.fromkeys(curve["setting"] for curve in curves))
    means = detail.pivot_table(index="scale", columns="setting", values="WER", aggfunc="mean")[order]
    return means.round(2).reset_index().rename_axis(columns=None), detail


def _fig5(job: Job) -> Frame:
    return cosine_table(job.settings["vectors"], job.inputs("vectors"), job.threads)


def _fig6(job: Job) -> Frame:
    found = {id: read_json(path) for id, path in job.inputs("searches").items()}
    scores = {id: read_scores(path) for id, path in job.inputs("scores").items()}
    baseline = [_wer(scores[model], set_id) for model, set_id, _, _ in job.settings["baseline"]]
    return count_curve(job.settings["curves"], found, fmean(baseline))


def _wer(table: pd.DataFrame, set_id: str) -> float:
    return float(table[(table["set"] == set_id) & (table["metric"] == "wer")]["value"].iloc[0])


def count_curve(curves: list[dict[str, str]], found: dict[str, dict[str, Any]], baseline: float) -> Frame:
    """The mean over the targets for each number of source domains, with the interval of its draws."""
    detail = _points(curves, found, {"domains": "count", "draw": "draw"})
    draws = detail.groupby(["domains", "draw"])["WER"].mean()
    lines = []
    for count, values in draws.groupby(level="domains"):
        line = {"domains": count, "Target Synthetic ASR (Baseline)": round(baseline, 2)}
        name, mean = "+SYN2REAL Ensemble", float(values.mean())
        freedom = len(values) - 1
        margin = t_quantile(freedom, 0.025) * float(values.std(ddof=1)) / np.sqrt(len(values)) if freedom else 0.0
        line[name] = round(mean, 2)
        line |= {f"{name}_low": round(mean - margin, 2), f"{name}_high": round(mean + margin, 2)} if margin else {}
        lines.append(line)
    return pd.DataFrame(lines), detail


KINDS: dict[str, Callable[[Job], Frame]] = {
    "relative": _relative,
    "scales": _scales,
    "domains": _domains,
    "fig4": _fig4,
    "fig5": _fig5,
    "fig6": _fig6,
}
