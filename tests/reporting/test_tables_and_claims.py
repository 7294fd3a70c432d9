"""Tables put the right scores into cells, and verdicts repeat what claims.tsv says."""

import io

import pandas as pd
import pytest

from tauspeech.reporting.claims import verdicts_from
from tauspeech.reporting.content import ClaimVerdict
from tauspeech.reporting.scale_table import scale_table
from tauspeech.reporting.score_table import score_table
from tauspeech.reporting.tables import markdown
from tauspeech.runtime.errors import UserError


def scores(**bleu: float) -> pd.DataFrame:
    rows = [
        {"set": set_id, "task": "translate", "metric": metric, "value": value, "low": value - 1, "high": value + 1}
        for set_id, value in bleu.items()
        for metric in ("bleu", "chrf")
    ]
    return pd.DataFrame(rows)


def test_a_cell_is_the_mean_of_its_models_on_their_sets():
    def cell(model: str, set_id: str) -> list[str]:
        return [model, set_id, "translate", "en"]

    settings = {
        "names": ["word_id"],
        "columns": ["TA"],
        "metrics": {},
        "rows": [
            {"names": {"word_id": "a"}, "cells": {"TA": [cell("a--ta", "a")]}},
            {"names": {"word_id": "General"}, "cells": {"TA": [cell("a--ta", "general"), cell("b--ta", "general")]}},
        ],
    }
    table, detail = score_table(settings, {"a--ta": scores(a=50, general=80), "b--ta": scores(general=60)})
    assert table["TA"].tolist() == [50, 70]
    assert table.loc[0, ["TA_low", "TA_high"]].tolist() == [49, 51]
    assert table.loc[1, ["TA_low", "TA_high"]].isna().all()
    assert len(detail) == 6 and set(detail["metric"]) == {"bleu", "chrf"}
    with pytest.raises(UserError, match="scores of 'a--ta' have no bleu for translate on 'c'"):
        rows = [{"names": {"word_id": "c"}, "cells": {"TA": [cell("a--ta", "c")]}}]
        score_table(settings | {"rows": rows}, {"a--ta": scores(a=1)})


def test_a_column_may_show_another_metric_and_a_row_may_lack_columns():
    of_a = [["a", "x", "translate", "en"]]
    settings = {
        "names": ["task", "hours"],
        "columns": ["BLEU", "chrF"],
        "metrics": {"chrF": "chrf"},
        "rows": [
            {"names": {"hours": 2, "task": "translate"}, "cells": {"chrF": of_a, "BLEU": of_a}},
            {"names": {"hours": 3, "task": "translate"}, "cells": {"BLEU": of_a}},
        ],
    }
    found = scores(x=50)
    found.loc[found["metric"] == "chrf", "value"] = 70.0
    table, _ = score_table(settings, {"a": found})
    assert list(table)[:4] == ["task", "hours", "BLEU", "chrF"]
    assert table["BLEU"].tolist() == [50, 50] and table.loc[0, "chrF"] == 70 and pd.isna(table.loc[1, "chrF"])


def test_scales_that_were_tried_and_the_chosen_one():
    points = [{"scale": 0.1, "score": 10.004}, {"scale": 0.2, "score": 30.0}]
    labels = {"first2--ties": {"merge": "first2", "method": "ties"}}
    table = scale_table(labels, {"first2--ties": {"chosen": {"scale": 0.2}, "points": points}})
    assert table.to_dict("records") == [
        {"merge": "first2", "method": "ties", "weight": 0.1, "value": 10.0, "chosen": 0},
        {"merge": "first2", "method": "ties", "weight": 0.2, "value": 30.0, "chosen": 1},
    ]


def test_markdown_hides_intervals_and_escapes_bars():
    shown = markdown(pd.DataFrame({"word_id": ["a|b"], "TA": [1.5], "TA_low": [1.0], "FT": [None]}))
    assert shown == "| word_id | TA | FT |\n| --- | ---: | --- |\n| a\\|b | 1.50 | – |\n"


CLAIMS = """\
claim	statement	source	paper	seeds	value	low	high	closest	interval	verdict	runs
a	A is best.	Table 1	-0.25	3	1.23	0.40	2.05	TA	t over 3 seeds	holds	1.10; 1.30; 1.29
b	B is best.	Fig. 3		2	-2.50	-3.00	-2.00	TA	t over 2 seeds	does not hold	0.00; -5.00
"""
ALONE = "c\tC is best.\tTable 2\t\t1\t0.00\t-0.50\tinf\tWA\tbootstrap over sentences\tnot decided\t0.00\n"


def claims_of(text: str) -> list[ClaimVerdict]:
    return verdicts_from(pd.read_csv(io.StringIO(text), sep="\t", keep_default_na=False, na_values=[""]))


def test_claims_say_by_how_much_and_how_sure():
    assert claims_of(CLAIMS + ALONE) == [
        ClaimVerdict(
            "A is best.",
            "holds",
            "+1.23 points against TA [0.40, 2.05], t over 3 seeds; seeds: +1.10, +1.30, +1.29 (Table 1, where it is −0.25).",
        ),
        ClaimVerdict(
            "B is best.",
            "does not hold",
            "−2.50 points against TA [−3.00, −2.00], t over 2 seeds; seeds: +0.00, −5.00 (Fig. 3).",
        ),
        ClaimVerdict(
            "C is best.", "not decided", "+0.00 points against WA [−0.50, ∞], bootstrap over sentences (Table 2)."
        ),
    ]


def test_claims_of_one_seed_each_are_read_as_well():
    header = CLAIMS.splitlines(keepends=True)[0]
    (claim,) = claims_of(header + ALONE)  # pandas takes their runs for numbers
    assert claim.detail.endswith("bootstrap over sentences (Table 2).")
    assert claims_of(header) == []
