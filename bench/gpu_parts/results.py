"""The results of a run: JSON, a table for each part, and the goals for a GPU."""

import json
import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

Results = dict[str, Any]


def goals(parts: dict[str, Any]) -> list[dict[str, Any]]:
    """What a GPU is to reach with the medium shape, and what it reached; None where the row is missing."""
    training = [row for row in rows(parts, "training") if row["shape"] == "medium" and row["window_s"] == 30]
    full = [row for row in training if row["trained"] == "all weights"]
    ours = [row for row in full if row["loop"].startswith("tauspeech")]
    plain = highest(row["examples_s"] for row in full if row["loop"] == "plain Trainer")
    best = highest(row["examples_s"] for row in ours)
    decoded = [
        row for row in rows(parts, "decoding") if (row["shape"], row["beams"], row["batch"]) == ("medium", 1, 16)
    ]
    same = [row["equal_within_rounding"] for row in rows(parts, "proof") if row["compared"] == "CPU with GPU"]
    found: list[tuple[str, float, float | None]] = [
        ("a GPU gives the CPU's tables", 1, float(same[0]) if same else None),
        (
            "full fine-tuning, share of the peak",
            0.4,
            highest(row["share_of_peak"] for row in ours if "share_of_peak" in row),
        ),
        ("full fine-tuning, times the plain Trainer", 1.5, best / plain if best and plain else None),
        *(
            (
                f"greedy decoding in {precision}, times generate, batch 16",
                2,
                highest(row["ratio"] for row in decoded if row["precision"] == precision),
            )
            for precision in ("bf16", "fp32")
        ),
    ]
    return [
        {"goal": goal, "wanted": wanted, "found": value, "reached": value is not None and value >= wanted}
        for goal, wanted, value in found
    ]


def rows(parts: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Rows of a part that hold measurements."""
    return [row for row in parts.get(name, {}).get("rows", []) if "error" not in row]


def highest(values: Iterable[float]) -> float | None:
    return max(values, default=None)


def file_name(card: str) -> str:
    """The name of a card's results, such as nvidia-h100-80gb-hbm3.json."""
    return re.sub(r"[^a-z0-9]+", "-", card.lower()).strip("-") + ".json"


def write(results: Results, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / file_name(results["card"].get("name", "unknown"))
    path.write_text(json.dumps(_finite(results), indent=1) + "\n", encoding="utf-8")
    return path


def _finite(value: Any) -> Any:
    """JSON has no infinite numbers: they are None."""
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def shown(results: Results) -> str:
    """The results as Markdown."""
    about = [results["card"], results["versions"]]
    lines = [", ".join(f"{key} {text(value)}" for each in about for key, value in each.items()), ""]
    for name, part in results["parts"].items():
        lines += [f"## {name}, {part['seconds']:.0f} s", "", *table(part["rows"]), ""]
        lines += [f"{part['error']}", ""] if part["error"] else []
    if results["skipped"]:
        lines += [f"Not run, for lack of time: {', '.join(results['skipped'])}", ""]
    if results["goals"]:
        lines += ["## goals", "", *table(results["goals"]), ""]
    return "\n".join(lines)


def table(found: Sequence[dict[str, Any]]) -> list[str]:
    columns = list(dict.fromkeys(key for row in found for key in row))
    if not columns:
        return ["no rows"]
    lines = [columns, ["---"] * len(columns), *([text(row.get(key)) for key in columns] for row in found)]
    return ["| " + " | ".join(cells) + " |" for cells in lines]


def text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.1f}" if abs(value) >= 100 else f"{value:.3g}"
    return str(value).replace("|", "/")
