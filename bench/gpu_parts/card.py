"""The card: its name, its memory, and its peak in dense bf16 arithmetic, as its maker states it and as one product reaches."""

import torch

from gpu_parts.setup import Row, seconds_of

# TFLOP/s of dense bf16 matrix products, by a part of the name; the first that fits counts.
STATED = {
    "H200 NVL": 835.0,
    "H200": 989.0,
    "H100 NVL": 835.0,
    "H100 PCIe": 756.0,
    "H100": 989.0,
    "A100": 312.0,
}


def stated_peak(name: str) -> float | None:
    return next((peak for part, peak in STATED.items() if part in name), None)


def card(device: str) -> Row:
    """Facts about the device. ``peak_tflops`` is what shares are taken of: the stated peak, or the measured one."""
    side = 8192 if device == "cuda" else 512
    try:
        reached: float | None = measured_peak(device, side)
    except RuntimeError:  # such as a card whose memory others use
        reached = None
    if device != "cuda":
        return {"name": "cpu", "reached_tflops": reached, "peak_tflops": reached, "peak": f"a product of side {side}"}
    facts = torch.cuda.get_device_properties(0)
    peak = stated_peak(facts.name)
    return {
        "name": facts.name,
        "memory_gb": round(facts.total_memory / 1e9, 1),
        "capability": f"{facts.major}.{facts.minor}",
        "cuda": torch.version.cuda,
        "reached_tflops": reached,
        "peak_tflops": peak or reached,
        "peak": "stated by the maker, dense bf16" if peak else f"a product of side {side}",
    }


def measured_peak(device: str, side: int) -> float:
    """TFLOP/s of a product of two random bf16 matrices, of float32 ones on a CPU."""
    kind = torch.bfloat16 if device == "cuda" else torch.float32
    left, right = (torch.randn(side, side, device=device, dtype=kind) for _ in range(2))
    seconds = seconds_of(device, lambda: left @ right, runs=10, warm=3)
    return round(2 * side**3 / seconds / 1e12, 4 if device != "cuda" else 1)
