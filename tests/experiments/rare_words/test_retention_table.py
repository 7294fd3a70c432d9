"""The table of retention sets in the report."""

import pandas as pd
import pytest

from tauspeech.experiments.rare_words.report import described_tables
from tauspeech.plan.config import complete

OTHERS = ("table1", "table2", "table3", "fig2", "fig2_normalised", "rarity", "overlap")


@pytest.mark.parametrize(("metrics", "best"), [(["WER", "CER"], "min"), (["BLEU"], "max"), (["WER", "BLEU"], None)])
def test_retention_follows_table_3_and_names_its_sets(config, metrics, best):
    calls = {"recordings": "calls.tsv", "language": "en"}
    sets = {"calls": calls, "lecture": calls | {"language": "de", "task": "translate"}}
    table = pd.DataFrame({"set": metrics, "metric": metrics, "TA": 1.0})
    described = described_tables(
        dict.fromkeys(OTHERS, pd.DataFrame()) | {"retention": table}, complete(config(retention=sets), "c.yaml")
    )
    names = [each.name for each in described]
    assert names[names.index("table3") + 1] == "retention"
    found = described[names.index("retention")]
    assert "calls (transcribe, en), lecture (translate, de to en)." in found.caption
    assert "Weight of each: " in found.caption
    assert not any("{" in each.caption for each in described)
    assert found.best == best  # none where a column has both error rates and BLEU
