"""Claims about the rare-words paper: which models they compare, and what the paper's own tables say of them."""

import pytest


@pytest.fixture
def claims(plan):
    def of(**sections):
        return {claim["id"]: claim for claim in plan(**sections).jobs["claims", "claims"].settings["claims"]}

    return of


def test_what_the_papers_tables_say_stands_beside_the_claims(claims):
    """Means over the ten words, and the row of general speech, read off the paper by hand."""
    found = {id: claim["paper"] for id, claim in claims().items()}
    ft, raw, ta = 678.66 / 10, 322.31 / 10, 670.38 / 10
    assert found["ft-lifts-the-word"] == pytest.approx(ft - raw, abs=0.006)
    assert found["vector-close-to-ft"] == pytest.approx(ta - ft + 3, abs=0.006)
    assert found["general-above-ft"] == pytest.approx(40.76 - 37.61)
    assert found["general-gain"] == pytest.approx((40.76 + 40.77 + 40.76) / 3 - 35.66 - 5, abs=0.006)
    assert found["ties-forgets-least"] == pytest.approx((131.94 - 96.80) / 10, abs=0.006)  # DARE's mean CER, less TIES'
    assert found["ft-forgets"] is None and found["ta-above-average"] is None  # not in a table of the paper


def test_no_claim_is_about_a_model_and_itself(claims):
    assert "ta-above-average" in claims() and "ta-above-average-normalised" not in claims()
    assert {"ties-above-average-normalised", "dare-above-average-normalised"} <= claims().keys()
    rivals = claims(merging={"weight": "normalised"})["ties-forgets-least"]["runs"][0]["than"]
    assert rivals.keys() == {"Average", "DARE"}  # TA is Average
    for claim in claims(merging={"weight": "normalised"}).values():
        for run in claim["runs"]:
            cells = [run["better"], *run["than"].values()]
            assert len({str(each) for each in cells}) == len(cells)


def test_claims_about_methods_that_are_not_merged_are_left_out(claims):
    found = claims(merging={"methods": ["ties"]})
    assert "ties-above-average" in found and "general-gain" in found
    assert not any(id.startswith(("ta-", "dare-", "vector-")) for id in found)
    assert found["ties-forgets-least"]["runs"][0]["than"].keys() == {"Average"}


def test_a_gain_in_bleu_is_claimed_of_translation_only(claims):
    found = claims(task="transcribe", control_task="translate")
    assert "general-gain" not in found and found["ft-lifts-the-word"]["paper"] is None
