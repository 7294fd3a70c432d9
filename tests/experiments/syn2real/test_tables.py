"""Tables of syn2real: relative gains in both ways, scales with their oracle, curves, and cosines."""

import json

import numpy as np
import pandas as pd
import pytest

from tauspeech.experiments.syn2real.cosines import clustered, group_means
from tauspeech.experiments.syn2real.systems import BASELINE, MERGED
from tauspeech.experiments.syn2real.tables import (
    count_curve,
    domains_table,
    paper_rows,
    scale_curves,
    scales_table,
    with_relative,
)
from tauspeech.plan.paper_tables import paper_table

PAIR = {"names": {"system": "Relative WER (%)"}, "better": 1, "than": 0}


def paper_frame():
    table = paper_table("syn2real", "table1")
    return pd.DataFrame([{"system": name} | table[name] for name in (BASELINE, MERGED)])


def test_relative_gains_of_the_papers_table_are_those_that_it_prints():
    """To a hundredth or a few: its own scores have more decimals than it prints. 10.03 is the gain of averages."""
    found = with_relative(paper_frame(), [PAIR]).iloc[2]
    printed = paper_table("syn2real", "table1")["Relative WER (%)"]
    for column, value in printed.items():
        assert found[column] == pytest.approx(value, abs=0.06), column
    assert found["Mean of ratios"] == pytest.approx(7.73, abs=0.01)
    assert found["Domains improved"] == 16


def test_a_row_of_gains_stands_below_the_two_systems_of_each_setting():
    rows = [("a", BASELINE, 20.0), ("a", MERGED, 15.0), ("b", BASELINE, 10.0), ("b", MERGED, 11.0)]
    frame = pd.DataFrame([{"model": m, "system": s, "music": v, "Average": v} for m, s, v in rows])
    pairs = [
        {"names": {"model": name, "system": "gain"}, "better": better, "than": better - 1}
        for name, better in (("a", 1), ("b", 3))
    ]
    found = with_relative(frame, pairs)
    assert list(found["system"]) == [BASELINE, MERGED, "gain", BASELINE, MERGED, "gain"]
    assert list(found["music"]) == [20, 15, 25, 10, 11, -10]
    assert list(found["Domains improved"].dropna()) == [1, 0]


def test_the_papers_numbers_are_rows_of_details():
    found = paper_rows(paper_table("syn2real", "table5"))
    assert set(found["model"]) == {"the paper's"} and len(found) == 15
    ensemble = found[(found["row"] == "+SYN2REAL Ensemble") & (found["column"] == "social")]
    assert ensemble["value"].item() == 21.13


def test_the_scale_of_a_target_beside_the_best_on_its_test_set():
    points = [{"scale": scale, "score": score} for scale, score in ((0, 30.0), (0.5, 24.0), (1, 25.0))]
    found = {"curve": {"points": points}, "choice": {"chosen": {"scale": 1}}}
    row = {"target": "music", "vector": "single", "curve": "curve"}
    chosen = scales_table([row | {"choice": "choice", "held_out": "news, qa"}], None, found).iloc[0]
    assert (chosen["scale"], chosen["WER"], chosen["WER at 0"]) == (1, 25, 30)
    assert (chosen["oracle scale"], chosen["oracle WER"], chosen["lost %"]) == (0.5, 24, 4.17)
    fixed = scales_table([row], 0.2, found).iloc[0]
    assert fixed["scale"] == 0.2 and fixed["WER"] is None and "held out" not in fixed


def test_curves_are_means_over_the_targets():
    curves = [{"setting": "tiny + espeak", "target": name, "curve": name} for name in ("a", "b")]
    found = {
        name: {"points": [{"scale": scale, "score": score} for scale, score in zip((0, 1), scores, strict=True)]}
        for name, scores in {"a": (10, 8), "b": (20, 19)}.items()
    }
    frame, detail = scale_curves(curves, found)
    assert frame.to_dict("list") == {"scale": [0, 1], "tiny + espeak": [15.0, 13.5]}
    assert len(detail) == 4


def test_numbers_of_domains_have_the_interval_of_their_draws():
    def points(*scores):
        return {
            "points": [
                {"count": count, "draw": draw, "score": score}
                for (count, draw), score in zip(((1, 1), (1, 2), (3, 1)), scores, strict=True)
            ]
        }

    curves = [{"target": name, "curve": name} for name in ("a", "b")]
    frame, detail = count_curve(curves, {"a": points(10, 14, 9), "b": points(20, 20, 17)}, 25.0)
    one, all_of_them = frame.to_dict("records")
    assert one["+SYN2REAL Ensemble"] == 16 and all_of_them["+SYN2REAL Ensemble"] == 13
    assert one["+SYN2REAL Ensemble_low"] == pytest.approx(
        16 - 12.71, abs=0.01
    )  # draws of 15 and 17: standard error 1, t
    assert np.isnan(all_of_them["+SYN2REAL Ensemble_low"])
    assert set(frame["Target Synthetic ASR (Baseline)"]) == {25.0} and len(detail) == 6


def test_similar_vectors_stand_side_by_side():
    cosines = np.array([[1, 0.1, 0.9, 0.0], [0.1, 1, 0.2, 0.8], [0.9, 0.2, 1, 0.1], [0.0, 0.8, 0.1, 1]])
    order = clustered(cosines)
    assert sorted(order) == [0, 1, 2, 3]
    assert {frozenset(order[:2]), frozenset(order[2:])} == {frozenset({0, 2}), frozenset({1, 3})}


def test_mean_cosines_within_and_between_engines():
    listed = [
        {"engine": engine, "domain": domain} for engine in ("espeak", "mini") for domain in ("music", "news", "qa")
    ]
    cosines = np.full((6, 6), -0.2)
    cosines[:3, :3], cosines[3:, 3:] = 0.8, 0.5
    for place in range(3):
        cosines[place, place + 3] = cosines[place + 3, place] = 0.3
    found = group_means(listed, cosines).set_index("vectors")
    assert found["cosine"].to_dict() == {
        "both by espeak": 0.8,
        "the same domain by two engines": 0.3,
        "two domains by two engines": -0.2,
        "both by mini": 0.5,
        "both by espeak, less two domains by two engines": 1.0,
        "both by mini, less two domains by two engines": 0.7,
    }
    assert found["pairs"].to_dict()["two domains by two engines"] == 6
    assert (found["cosine_low"] <= found["cosine"]).all() and (found["cosine"] <= found["cosine_high"]).all()


def test_utterances_of_each_domain_by_split(tmp_path):
    from tauspeech.data import manifest

    def write(name, counts):
        rows = [
            {"utterance": f"{split}-{n}", "split": split, "word_id": "", "en": "x", "seconds": 30.0, "voice": "v", "engine": "e",
             "seed": None, "audio": {"bytes": b"", "path": None}}
            for split, count in counts.items()
            for n in range(count)
        ]  # fmt: skip
        manifest.write(tmp_path / f"{name}.parquet", rows, ["en"])
        return tmp_path / f"{name}.parquet"

    files = {"r": write("r", {"train": 4, "validation": 1, "test": 2}), "s": write("s", {"train": 3})}
    found = domains_table({"music": "r"}, {"music": "s", "texts": "s"}, files).to_dict("records")
    assert json.loads(json.dumps(found[0])) == {
        "domain": "music",
        "recorded train": 4,
        "recorded validation": 1,
        "recorded test": 2,
        "synthetic train": 3,
        "synthetic validation": 0,
        "minutes recorded": 3.5,
    }
    assert found[1]["recorded test"] == 0 and found[1]["synthetic train"] == 3
