"""Settings of decoding, for a report."""

from typing import Any


def decoded(decoding: dict[str, Any]) -> str:
    """``decoding`` is the section as it is reported: beams, and the precision where it is not float32."""
    beams, precision = decoding["beams"], decoding["precision"]
    search = "greedy" if beams == 1 else f"{beams} beams"
    rounded = "" if precision == "fp32" else f", activations in {precision}, weights in fp32"
    engine = ", by CTranslate2" if decoding.get("engine") == "ctranslate2" else ""
    return f"{search}, without timestamps{rounded}{engine}"
