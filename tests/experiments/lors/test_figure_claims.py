"""Claims about the figures of the LoRS paper: the models at the points that they compare."""

import pytest

FIGURES = ["fig3", "fig4", "fig5"]


@pytest.fixture
def claims(plan):
    def of(**figures):
        planned = plan(figures={"drawn": FIGURES} | figures)
        return {claim["id"]: claim for claim in planned.jobs["claims", "claims"].settings["claims"]}

    return of


def cells(claim, rival=None):
    (run,) = claim["runs"]
    return run["than"][rival] if rival else run["better"]


def test_only_drawn_figures_have_claims(claims):
    assert not any(id.startswith("fig") for id in claims(drawn=[]))
    assert {id[:4] for id in claims() if id.startswith("fig")} == set(FIGURES)


def test_figure_3_compares_all_combinations_of_languages(claims):
    found = claims()
    assert len(cells(found["fig3-asr-lors-above-ta"])) == 10 * 2 + 10 * 3 + 5 * 4 + 5
    assert len(cells(found["fig3-asr-lors-above-finetuned"], "Finetuned")) == 75
    assert "fig3-st-lors-above-finetuned" not in found  # the paper says it of recognition
    degrades = found["fig3-st-lors-degrades"]
    assert len(cells(degrades)) == 20 and {model for model, *_ in cells(degrades, "all languages")} == {
        "high--st--lors"
    }


def test_figure_4_compares_losses_with_most_and_with_least_speech(claims):
    grows = claims(shares=[0.2, 1])["fig4-asr-loss-grows"]
    better, than = ([model for model, *_ in cells(grows, rival)] for rival in (None, "least speech"))
    assert better[:5] == [f"{language}--asr" for language in ("ca", "de", "es", "fr", "it")]
    assert set(better[5:]) == {"high--asr--of20--lors"} and set(than[:5]) == {"high--asr--lors"}
    assert than[5] == "ca--asr--of20"


def test_figure_5_compares_what_merges_may_keep_with_everything(claims, plan):
    found = claims(shares=[0.2, 1])
    searches = plan(figures={"drawn": ["fig5"], "shares": [0.2, 1]}).jobs

    def kept(cell):
        search, _, number = cell[0].partition("#")
        candidate = searches["search", search].settings["candidates"][int(number)]
        return search, candidate["method"], candidate["rank"] or candidate["keep"]

    gains = found["fig5-svp-gains"]
    assert {kept(cell)[1:] for cell in cells(gains)} == {("svd", 0.01), ("svd", 0.02), ("svd", 0.05)}
    assert {kept(cell)[1:] for cell in cells(gains, "all")} == {("svd", 1)}
    assert len(cells(gains)) == len(cells(gains, "all")) == 2 * 5 * 3
    grows = found["fig5-mp-gain-grows"]
    assert {(kept(cell)[0], kept(cell)[2] == 1) for cell in cells(grows) if cell[0].startswith("de")} == {
        ("de--asr--pruning-curve", False),
        ("de--asr--of20--pruning-curve", True),
    }
    assert len(cells(grows)) == len(cells(grows, "least speech")) == 2 * 5 * 4


def test_figure_5_without_the_fractions_to_compare_has_no_claims(claims):
    assert not any(id.startswith("fig5") for id in claims(ratios=[0, 0.01, 0.1]))
    assert not any(id.startswith("fig5") for id in claims(ratios=[0, 1]))
