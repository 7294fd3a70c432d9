"""Figures of syn2real are drawn from their tables, the same bytes from the same numbers."""

import pandas as pd
import pytest

from tauspeech.experiments.syn2real.figures import draw

TABLES = {
    "fig4": pd.DataFrame(
        {
            "scale": [0.0, 0.5, 1.0],
            "english-tiny + espeak": [30.0, 25.0, 27.0],
            "conformer + espeak": [22.0, 21.0, 24.0],
        }
    ),
    "fig5": pd.DataFrame(
        {"vector": ["espeak music", "mini music"], "espeak music": [1, -0.2], "mini music": [-0.2, 1]}
    ),
    "fig6": pd.DataFrame(
        {
            "domains": [1, 3],
            "Target Synthetic ASR (Baseline)": [30.0, 30.0],
            "+SYN2REAL Ensemble": [28.0, 26.0],
            "+SYN2REAL Ensemble_low": [27.0, None],
            "+SYN2REAL Ensemble_high": [29.0, None],
        }
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_figure_is_drawn_in_two_formats(tmp_path, name):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        draw(TABLES[name].copy(), tmp_path / folder / name, {"kind": name})
    for kind in ("svg", "png"):
        one, two = (tmp_path / folder / f"{name}.{kind}" for folder in ("one", "two"))
        assert one.read_bytes() == two.read_bytes() and one.stat().st_size > 5000
