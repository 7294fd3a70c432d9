"""Signatures in captions."""

import pandas as pd
import pytest

from tauspeech.experiments.lors.report import described_tables as tables_of_lors
from tauspeech.experiments.rare_words.report import described_tables as tables_of_rare_words
from tauspeech.plan.config import complete
from tauspeech.reporting.signatures import signatures
from tauspeech.scoring.metrics import bleu, cer, wer


def details(*rows):
    return pd.DataFrame(rows, columns=["set", "task", "metric", "signature"])


def test_a_table_has_the_signatures_of_what_it_shows():
    table = pd.DataFrame({"system": ["TA"], "ca": [1.0], "Avg.": [1.0]})
    found = details(
        ("ca", "transcribe", "wer", "w"), ("ca", "transcribe", "cer", "c"), ("ca", "transcribe", "wer_sclite", "s"),
        ("de", "transcribe", "wer", "w"), ("zh", "transcribe", "cer", "z"), ("ca", "translate", "bleu", "b"),
        ("ca", "translate", "chrf", "f"),
    )  # fmt: skip
    assert signatures({"t": table, "t_detail": found}, "t") == "Signature: BLEU b; WER w; CER z."
    with_sclite = table.assign(**{"Avg. (sclite)": 1.0})
    assert signatures({"t": with_sclite, "t_detail": found}, "t") == "Signature: BLEU b; WER w; CER z; WER by sclite s."
    assert signatures({"t": table}, "t") == ""


@pytest.mark.parametrize(
    ("scoring", "about"),
    [
        ({}, "Lower-cased BLEU, as in the paper, on"),
        ({"bleu_case": "cased"}, "Cased BLEU (the paper's is lower-cased) on"),
    ],
)
def test_captions_of_rare_words_follow_the_configuration(scoring, about):
    config = complete(
        {"name": "t", "experiment": "rare_words", "base": "a/b", "words": "w.tsv", "scoring": scoring}, "c.yaml"
    )
    frame = pd.DataFrame({"word_id": ["a"], "TA": [1.0]})
    signature = bleu(["a"], ["a"], "en").signature
    names = ("table1", "table2", "table3", "fig2", "fig2_normalised", "rarity", "overlap")
    tables = dict.fromkeys(names, frame) | {"table2_detail": details(("a", "translate", "bleu", signature))}
    caption = {table.name: table.caption for table in tables_of_rare_words(tables, config)}["table2"]
    assert caption.startswith(about)
    assert caption.endswith(f"Signature: BLEU {signature}.")


def test_captions_of_lors_name_case_and_units():
    languages = {"high": {"languages": ["zh", "ca"]}}
    config = complete({"name": "t", "experiment": "lors", "base": "a/b", "groups": languages}, "c.yaml")
    frame = pd.DataFrame({"system": ["Pretrained", "TA"], "CER zh": [1.0, 2.0], "ca": [1.0, 2.0]})
    found = [cer(["好"], ["好"], "zh").signature, wer(["a"], ["a"], "ca").signature]
    rows = details(("zh", "transcribe", "cer", found[0]), ("ca", "transcribe", "wer", found[1]))
    (table,) = tables_of_lors({"table1": frame, "table1_detail": rows}, config)
    assert "WER, or CER where a column says so, by jiwer" in table.caption
    assert "BLEU is cased, as CoVoST 2 is scored" in table.caption
    assert table.caption.endswith(f"Signature: WER {found[1]}; CER {found[0]}.")
