"""Devices that models run on, and the number types that they compute fast in."""

import platform

import torch

from tauspeech.runtime.errors import UserError


def device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


def require_precision(precision: str, key: str) -> None:
    """Refuse half precision on a CPU without instructions for it, where it is about 15 times slower than float32."""
    if precision == "fp32" or device() == "cuda" or (precision == "bf16" and _has_bf16()):
        return
    raise UserError(
        f"key '{key}' is {precision}, and this CPU has no instructions for {precision}: it would be many times slower than "
        "float32. Set it to fp32, or use a GPU."
    )


def _has_bf16() -> bool:
    if platform.machine() not in ("x86_64", "AMD64"):
        return True  # current ARM processors have them
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
