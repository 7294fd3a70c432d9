"""The report of an inspection as aligned text."""

from collections.abc import Mapping, Sequence
from typing import Any

_KEYS = 12  # characters


def as_text(report: Mapping[str, Any]) -> str:
    vectors = report["vectors"]
    blocks = [_vector(number, vector) for number, vector in enumerate(vectors, start=1)]
    if "cosines" in report:
        blocks.append(_cosines([vector["path"] for vector in vectors], report["cosines"]))
    return "\n\n".join("\n".join(block) for block in blocks)


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows with the first column left-aligned and the others right-aligned."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip() for row in rows]


def _vector(number: int, vector: Mapping[str, Any]) -> list[str]:
    facts = {
        "size": f"{vector['bytes'] / 1e6:.1f} MB",
        "encoding": _encoding(vector),
        "base": vector["base_fingerprint"][:12],
        "origin": _origin(vector["origin"]),
        "tensors": f"{vector['tensors']} with {vector['entries']:,} entries",
        "norm": _number(vector["norm"]),
        "zeros": _percent(vector["zeros"]),
    }
    if "rank_energy" in vector:
        shares = (f"{_percent(energy)} in the top {float(top):.0%}" for top, energy in vector["rank_energy"].items())
        facts["rank energy"] = ", ".join(shares) or "no matrix changed"
    modules = [["module", "entries", "norm", "share", "zeros"]]
    for module, sums in vector["modules"].items():
        share = (sums["norm"] / vector["norm"]) ** 2 if vector["norm"] else 0.0
        row = [module, f"{sums['entries']:,}", _number(sums["norm"]), _percent(share), _percent(sums["zeros"])]
        modules.append(row)
    return [
        f"[{number}] {vector['path']}",
        *(f"  {key.ljust(_KEYS)}{value}" for key, value in facts.items()),
        "",
        *(f"  {line}" for line in aligned(modules)),
    ]


def _encoding(vector: Mapping[str, Any]) -> str:
    options = [f"{key} {value:g}" for key, value in vector.get("options", {}).items()]
    if "size_ratio" in vector:
        options.append(f"{vector['size_ratio']:.3g} times the size of float32")
    if "error" in vector:
        options.append(f"relative error {vector['error']:.3g}")
    return ", ".join([vector["encoding"], *options])


def _origin(origin: Mapping[str, str] | None) -> str:
    if not origin:
        return "not known"
    name = next((origin[kind] for kind in ("model", "adapter") if kind in origin), "")
    return f"{name} {origin.get('fingerprint', '')[:12]}".strip()


def _cosines(paths: Sequence[str], cosines: Sequence[Sequence[float | None]]) -> list[str]:
    numbers = [f"[{number}]" for number in range(1, len(paths) + 1)]
    rows = [["cosine", *numbers]]
    for number, path, row in zip(numbers, paths, cosines, strict=True):
        rows.append([f"{number} {path}", *("-" if each is None else f"{round(each, 4) + 0.0:.4f}" for each in row)])
    return aligned(rows)


def _number(value: float) -> str:
    return f"{value:#.5g}".rstrip(".") if value else "0"


def _percent(share: float) -> str:
    return f"{share:.2%}"
