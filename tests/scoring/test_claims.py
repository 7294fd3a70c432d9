"""Verdicts on claims, from hypotheses with scores counted by hand."""

import json
from functools import partial

import numpy as np
import pandas as pd
import pytest

import check_claims as script
from tauspeech.reporting.claims import verdicts_from
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import canonical_json
from tauspeech.runtime.job import Job
from tauspeech.runtime.receipts import Receipt, write_receipt
from tauspeech.runtime.stages import STAGES, Stage
from tauspeech.scoring import score_cells
from tauspeech.scoring.claims import check_claims
from tauspeech.scoring.tally import Tally

SENTENCE = "a b c d"


def wrong(*errors):
    """Pairs of a reference of four words and a hypothesis with ``errors`` wrong words: 25 points each."""
    return [
        (SENTENCE, " ".join("x" if i < count else word for i, word in enumerate(SENTENCE.split()))) for count in errors
    ]


class Lab:
    """A results folder with hypotheses as decoding writes them, and claims about them."""

    def __init__(self, results):
        self.results = results

    def hypotheses(self, model, set_id, pairs, task="transcribe", language="en", names=None):
        path = self.results / "hypotheses" / model / f"{set_id}.{task}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [
            {"id": names[i] if names else f"u{i:03}", "set": set_id, "task": task, "language": language, "word_id": "", "reference": reference,
             "hypothesis": hypothesis}
            for i, (reference, hypothesis) in enumerate(pairs)
        ]  # fmt: skip
        path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
        return [model, set_id, task, language]

    def files(self):
        return sorted(self.results.glob("hypotheses/*/*.jsonl"))

    def searched(self, search, *points):
        """Cells of a search's points, each with counts by utterance such as ``1/4 0/4``."""
        path = self.results / "search" / f"{search}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"points": [{"counts": {"s.transcribe": counts}} for counts in points]}))
        return [[f"{search}#{number}", "s", "transcribe", "en"] for number in range(len(points))]

    def check(self, *claims, seed=1):
        searches = {path.stem: path for path in self.results.glob("search/*.json")}
        return check_claims(claims, self.files(), seed, searches)

    def row(self, *runs, margin=0.0, factor=1.0, seed=1):
        return self.check(claim(*runs, margin=margin, factor=factor), seed=seed).iloc[0]


def claim(*runs, margin=0.0, factor=1.0, id="a"):
    """A claim of a system, the first of each run, about its rivals, which are called r1, r2 ..."""
    listed = [{"better": better, "than": {f"r{i}": rival for i, rival in enumerate(than, 1)}} for better, *than in runs]
    about = {"id": id, "statement": "A is best.", "source": "Table 1", "paper": 0.5}
    return about | {"factor": factor, "margin": margin, "runs": listed}


@pytest.fixture
def lab(tmp_path):
    return Lab(tmp_path / "results" / "t")


@pytest.fixture
def wers(lab):
    """Cells of a model with a sentence per set and these errors: wers("ta", 1, 2) has WERs of 25 and 50 percent."""
    return lambda model, *errors: [lab.hypotheses(model, f"s{i}", wrong(count)) for i, count in enumerate(errors)]


def test_the_value_is_the_difference_to_the_rival_with_the_best_mean(lab, wers):
    # 37.5 against 50 and 62.5; the best rival of each set taken together would be better than either.
    row = lab.row([wers("ta", 1, 2), wers("average", 0, 4), wers("ties", 3, 2)])
    assert row[["value", "closest", "paper"]].tolist() == [12.5, "r1", 0.5]
    assert row[["claim", "statement", "source", "seeds"]].tolist() == ["a", "A is best.", "Table 1", 1]
    assert row["runs"] == "12.50"


def test_higher_bleu_and_lower_error_rates_are_better(lab):
    def translated(model, hypothesis):
        return lab.hypotheses(model, "s", [("The cat sat on the mat", hypothesis)], "translate", "de")

    # 5 of 6 words, 3 of 5 pairs, 2 of 4 triples, 1 of 3 quadruples.
    good, fair = translated("good", "the cat sat on the mat"), translated("fair", "the cat sat on a mat")
    bleu = 100 * (5 / 6 * 3 / 5 * 2 / 4 * 1 / 3) ** 0.25
    assert lab.row([[good], [fair]])["value"] == round(100 - bleu, 2)
    quarter, half = (lab.hypotheses(model, "t", wrong(count)) for model, count in (("good", 1), ("fair", 2)))
    assert lab.row([[good, half], [fair, quarter]])["value"] == round((100 - 50 - (bleu - 25)) / 2, 2)


def test_languages_without_spaces_are_scored_by_characters(lab):
    right, one_of_five = (
        lab.hypotheses(model, "s", [("柏林墙倒了", text)], language="zh")
        for model, text in (("ta", "柏林墙倒了"), ("raw", "柏林强倒了"))
    )
    assert lab.row([[right], [one_of_five]])["value"] == 20


def test_bleu_uses_the_tokenizer_of_the_language(lab):
    # 4 of 5 characters, then 3/4, 2/3, 1/2.
    right, close = (
        lab.hypotheses(model, "s", [("我爱柏林墙", text)], "translate", "zh")
        for model, text in (("ta", "我爱柏林墙"), ("raw", "我爱柏林城"))
    )
    expected = 100 - 100 * (4 / 5 * 3 / 4 * 2 / 3 / 2) ** 0.25
    assert lab.row([[right], [close]])["value"] == round(expected, 2)


def test_a_margin_is_added(lab, wers):
    runs = [wers("ta", 2, 2), wers("ft", 1, 2)]
    assert lab.row(runs)[["value", "closest"]].tolist() == [-12.5, "r1"]
    assert lab.row(runs, margin=20.0)[["value", "closest"]].tolist() == [7.5, "20 points below r1"]
    assert lab.row(runs, margin=-5.0)[["value", "closest"]].tolist() == [-17.5, "5 points above r1"]
    ta, ft = ([lab.hypotheses(model, "t", wrong(*errors))] for model, errors in (("ta", [1, 0] * 20), ("ft", [0] * 40)))
    assert lab.row([ta, ft])["verdict"] == "does not hold"
    assert lab.row([ta, ft], margin=20.0)["verdict"] == "holds"


def test_a_factor_asks_for_a_relative_lead(lab, wers):
    # 10 % less than a WER of 50 is 45; 20 % less is 40.
    runs = [wers("ta", 1, 1, 2, 2), wers("ml", 2, 2, 2, 2)]  # 37.5 against 50
    assert lab.row(runs, factor=0.9)[["value", "closest"]].tolist() == [7.5, "0.9 times r1"]
    assert lab.row(runs, factor=0.7)["value"] == -2.5


def test_each_rival_is_tested_by_itself(lab):
    """Of systems with the same error rate, some rival is nearly always better in a resample; that decides nothing."""
    ta = lab.hypotheses("ta", "s", wrong(*[1] * 20))
    rivals = [lab.hypotheses(f"r{i}", "s", wrong(*np.roll([4] * 5 + [0] * 15, i))) for i in range(20)]
    row = lab.row([[ta], *([rival] for rival in rivals)])
    assert row[["value", "verdict"]].tolist() == [0, "not decided"]
    assert row["low"] < -15 and row["high"] > 15


def test_more_claims_and_more_rivals_widen_the_interval(lab):
    errors = np.random.default_rng(3).integers(0, 5, (3, 100))
    ta, *rivals = ([lab.hypotheses(f"m{i}", "s", wrong(*own))] for i, own in enumerate(errors))
    alone, both = claim([ta, rivals[0]]), claim([ta, *rivals], id="b")
    single, double = lab.check(alone).iloc[0], lab.check(alone, claim([ta, rivals[0]], id="c")).iloc[0]
    assert double["low"] < single["low"] and double["high"] > single["high"]
    assert double["interval"] == "bootstrap over sentences, for 2 claims together"
    twice = lab.check(both).iloc[0]
    assert twice["high"] - twice["value"] > single["high"] - single["value"]


def test_nothing_is_decided_between_identical_systems(lab):
    pairs = wrong(*range(5)) * 10
    same = [[lab.hypotheses(model, "s", pairs)] for model in ("ta", "ties")]
    for runs, bound in (([same], 0), ([same] * 3, np.inf)):
        row = lab.row(*runs)
        assert row[["value", "low", "high", "verdict"]].tolist() == [0, -bound, bound, "not decided"]


def test_ties_do_not_depend_on_the_last_bit(lab):
    texts = [("a b c", "a b x"), ("a b c d e f g", "a b c d e f x"), ("a b c", "x b x")]
    ta, ties = ([lab.hypotheses(model, f"s{i}", [texts[i]]) for i in range(3)] for model in ("ta", "ties"))
    assert lab.row([ta, ties[::-1]])["verdict"] == "not decided"
    assert lab.row([ties[::-1], ta])["verdict"] == "not decided"


def test_the_bootstrap_interval_is_close_to_the_normal_one(lab):
    # The lead is 25 in every second of 100 sentences: 12.5 ± 1.96 * 12.5 / sqrt(100).
    ta, raw = lab.hypotheses("ta", "s", wrong(0, 0) * 50), lab.hypotheses("raw", "s", wrong(0, 1) * 50)
    row = lab.row([[ta], [raw]])
    assert (row["value"], row["interval"]) == (12.5, "bootstrap over sentences")
    assert (row["low"], row["high"]) == (pytest.approx(10.05, abs=0.4), pytest.approx(14.95, abs=0.4))
    assert row["verdict"] == "holds"
    assert lab.row([[raw], [ta]])["verdict"] == "does not hold"
    assert lab.row([[ta], [raw]], margin=-12.0)["verdict"] == "not decided"


def test_the_seed_decides_the_interval(lab):
    errors = np.random.default_rng(1).integers(0, 5, (2, 60))
    ta, raw = ([lab.hypotheses(model, "s", wrong(*own))] for model, own in zip(("ta", "raw"), errors, strict=True))
    intervals = [tuple(lab.row([ta, raw], seed=seed)[["low", "high"]]) for seed in (1, 1, 2, 3)]
    assert intervals[0] == intervals[1]
    assert len(set(intervals)) > 1


def test_systems_on_one_set_are_paired_and_sets_are_independent(lab):
    errors = np.random.default_rng(2).integers(0, 4, 60)
    better, worse = wrong(*errors), wrong(*(errors + 1))
    ta, raw, elsewhere = (
        lab.hypotheses("ta", "s", better),
        lab.hypotheses("raw", "s", worse),
        lab.hypotheses("raw", "t", worse),
    )
    # Pairs are matched by id, in any order of lines.
    path = lab.results / "hypotheses" / "raw" / "s.transcribe.jsonl"
    path.write_text("".join(reversed(path.read_text().splitlines(keepends=True))))
    paired, unpaired = (lab.row([[ta], [rival]]) for rival in (raw, elsewhere))
    assert (paired["value"], unpaired["value"]) == (25, 25)
    assert (paired["low"], paired["high"]) == (25, 25)
    assert unpaired["high"] - unpaired["low"] > 10


def test_resamples_without_any_word_are_ignored(lab):
    # A few of the resamples draw nothing but the sentences without words.
    ta, raw = (
        lab.hypotheses(model, "s", [("a b", text), ("!", "")] * 3) for model, text in (("ta", "a b"), ("raw", "x x"))
    )
    assert lab.row([[ta], [raw]])[["value", "low", "high"]].tolist() == [100] * 3


def test_several_seeds_give_a_t_interval_without_resampling(lab, monkeypatch):
    monkeypatch.delattr(Tally, "resampled")
    # Leads of 25, 50 and 75 points: 50 ± 4.3027 * 25 / sqrt(3).
    ta = [[lab.hypotheses(f"ta{i}", "s", wrong(i))] for i in range(3)]
    raw = [lab.hypotheses("raw", "s", wrong(3))]
    row = lab.row(*[[own, raw] for own in ta])
    assert row[["seeds", "interval", "runs"]].tolist() == [3, "t over 3 seeds", "75.00; 50.00; 25.00"]
    assert row[["value", "low", "high"]].tolist() == [50, -12.1, 112.1]
    assert row["verdict"] == "not decided"
    assert lab.row(*[[own, raw] for own in ta], margin=20.0)["verdict"] == "holds"


def test_each_cell_is_counted_once_and_others_are_not_read(lab, wers, monkeypatch):
    runs = [wers("ta", 1, 2), wers("raw", 2, 3)]
    spoilt = lab.results / "hypotheses" / "other" / "s0.transcribe.jsonl"
    spoilt.parent.mkdir()
    spoilt.write_text("no JSON")
    calls, headline = [], score_cells.headline
    monkeypatch.setattr(score_cells, "headline", lambda *args: calls.append(args) or headline(*args))
    table = lab.check(claim(runs), claim(runs, id="b"), claim(runs, runs, id="c"))
    assert len(calls) == 4
    assert table["claim"].tolist() == ["a", "b", "c"]
    assert table["seeds"].tolist() == [1, 1, 2]


def test_models_of_a_search_are_compared_by_their_counts(lab):
    pruned, whole = lab.searched("de--pruning-curve", "0/4 1/4 " * 20, "1/4 1/4 " * 20)
    row = lab.row([[pruned], [whole]])
    assert row[["value", "verdict"]].tolist() == [12.5, "holds"]
    decoded = lab.hypotheses("ft", "s", wrong(*[1, 1] * 20))
    assert lab.row([[pruned], [decoded]])[["value", "low"]].tolist() == row[["value", "low"]].tolist()


def test_no_claims_give_an_empty_table(lab):
    assert lab.check().columns.tolist() == [
        "claim", "statement", "source", "paper", "seeds", "value", "low", "high", "closest", "interval", "verdict", "runs"
    ]  # fmt: skip


def test_a_line_separator_in_a_text_does_not_end_its_line(lab):
    ta, raw = (
        lab.hypotheses(model, "s", [("a b", f"{text}\u2028b\x85")]) for model, text in (("ta", "a"), ("raw", "x"))
    )
    assert lab.row([[ta], [raw]])["value"] == 50


@pytest.mark.parametrize("missing", [["none", "s", "transcribe", "en"], ["ta", "s", "translate", "en"]])
def test_an_error_names_a_missing_cell(lab, missing):
    present = lab.hypotheses("ta", "s", wrong(1))
    model, set_id, task, _ = missing
    with pytest.raises(UserError, match=rf"'{model}' on set '{set_id}' \({task}\): no hypotheses found"):
        lab.row([[present], [missing]])


def test_cells_that_cannot_be_compared_are_refused(lab):
    ta = lab.hypotheses("ta", "s", wrong(1, 2))
    refused = partial(pytest.raises, UserError)
    with refused(match=r"'raw' on set 's' \(transcribe\): its utterances differ from those of model 'ft'"):
        lab.row([[ta], [lab.hypotheses("raw", "s", wrong(1))], [lab.hypotheses("ft", "s", wrong(1, 2))]])
    with refused(match="expects text in 'de', but the text is in 'en'"):
        lab.row([[ta], [[*ta[:3], "de"]]])
    with refused(match=r"'raw' on set 't' \(transcribe\): all references are empty"):
        lab.row([[ta], [lab.hypotheses("raw", "t", [("!", "a")])]])
    with refused(match="'raw' on set 'u'.*no hypotheses found"):
        lab.row([[ta], [lab.hypotheses("raw", "u", [])]])


def test_claims_that_compare_nothing_are_refused(lab):
    ta = lab.hypotheses("ta", "s", wrong(1))
    for runs in ([], [[[ta]]], [[[], [ta]]], [[[ta], []]]):
        with pytest.raises(UserError, match="'a' compares with nothing"):
            lab.row(*runs)


def test_the_report_reads_the_table_that_the_script_writes(lab, monkeypatch):
    monkeypatch.setitem(STAGES, "claims", Stage("check_claims.py", "{id}.receipt.json"))
    ta, raw = lab.hypotheses("ta", "s", wrong(*[0, 1] * 4)), lab.hypotheses("raw", "s", wrong(*[1, 2] * 4))
    for model in ("ta", "raw"):
        outputs = list((lab.results / "hypotheses" / model).iterdir())
        write_receipt(lab.results / "hypotheses" / f"{model}.receipt.json", "k", {}, {}, outputs, 0.0)
    inputs = [{"stage": "decode", "id": model, "key": "k"} for model in ("ta", "raw")]
    settings = {"claims": [claim([[ta], [raw]]), claim(*[[[raw], [ta]]] * 2, id="b")]}
    spec = {"stage": "claims", "id": "claims", "settings": settings, "seed": 1, "threads": 1}
    path = lab.results / "plan" / "claims" / "claims.json"
    path.parent.mkdir(parents=True)
    path.write_text(canonical_json(spec | {"inputs": {"hypotheses": inputs}}))
    job = Job(path, 1)
    script.main(job)
    written = Receipt.read(job.receipt).files()["claims.tsv"]
    assert written == lab.results / "claims.tsv"
    assert written.read_text().splitlines()[1:] == [
        "a\tA is best.\tTable 1\t0.50\t1\t25.00\t25.00\t25.00\tr1\tbootstrap over sentences, for 2 claims together\t"
        "holds\t25.00",
        "b\tA is best.\tTable 1\t0.50\t2\t-25.00\t-inf\tinf\tr1\tt over 2 seeds, for 2 claims together\t"
        "not decided\t-25.00; -25.00",
    ]
    table = pd.read_csv(written, sep="\t", keep_default_na=False, na_values=[""])
    assert [found.verdict for found in verdicts_from(table)] == ["holds", "not decided"]
    assert verdicts_from(table)[1].detail == (
        "−25.00 points against r1 [−∞, ∞], t over 2 seeds, for 2 claims together; seeds: −25.00, −25.00 (Table 1, where it "
        "is +0.50)."
    )


def test_recordings_of_a_sentence_are_no_evidence_of_their_own(lab):
    """Hypotheses and counts of a search, each with three recordings of a sentence."""
    names = [f"u{i:03}{take}" for i in range(12) for take in ("", "--take2", "--take3")]
    errors = [(0, 2, 1)[i % 3] for i in range(12)]
    single = lab.hypotheses("good", "one", wrong(*errors)), lab.hypotheses("bad", "one", wrong(*[1] * 12))
    several = [
        lab.hypotheses(model, "s", wrong(*(each for each in found for _ in range(3))), names=names)
        for model, found in (("good", errors), ("bad", [1] * 12))
    ]
    expected, found = (lab.row(([good], [bad])) for good, bad in (single, several))
    assert found["value"] == expected["value"]
    assert found["high"] - found["low"] == pytest.approx(expected["high"] - expected["low"], rel=0.15)


def test_languages_of_answers_are_no_claim_where_identification_errs_on_the_references(lab, capsys):
    german, french = "Ich möchte heute ein Buch lesen.", "Je veux lire un livre aujourd'hui."

    def cells(set_id, references, *answers):
        pairs = [list(zip(references, texts, strict=True)) for texts in answers]
        named = [(f"m{number}", each) for number, each in enumerate(pairs)]
        return [[*lab.hypotheses(name, set_id, each, "translate", "de"), "de fr"] for name, each in named]

    right, wrong_half = cells("good", [german, german], [german, german], [german, french])
    of_unreliable = cells("bad", [german, french], [german, german], [german, french])
    found = lab.check(claim([[right], [wrong_half]]), claim([[of_unreliable[0]], [of_unreliable[1]]], id="b"))
    assert found["claim"].tolist() == ["a"] and found["value"].tolist() == [50]
    assert found["interval"].tolist() == ["bootstrap over sentences"]  # of one claim, not of two
    assert "bad: identification errs on 50.0 % of the references" in capsys.readouterr().out
