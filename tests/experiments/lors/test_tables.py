"""Tables of the experiment lors: what its searches for pruning ratios found."""

from tauspeech.experiments.lors.tables import pruning_curve_table, ratios_table


def test_chosen_ratios_are_percent():
    chosen = {"svd": {"rank": 0.02}, "magnitude": {"keep": 0.6}, "lors": {"rank": 0.05, "keep": 0.1}}
    table = ratios_table({"ca--asr--pruning": "ca--asr"}, {"ca--asr--pruning": {"points": [], "chosen": chosen}})
    assert table.to_dict("records") == [
        {"vector": "ca--asr", "SVP r": 2.0, "MP p": 60.0, "LoRS r": 5.0, "LoRS p": 10.0}
    ]


def test_a_curve_is_the_mean_over_the_languages_of_each_size():
    def found(score):
        points = [("svd", 0.2, 0.0, score), ("magnitude", 0.0, 0.2, score + 1), ("svd", 1, 0.0, score + 2)]
        return {"points": [dict(zip(("method", "rank", "keep", "score"), point, strict=True)) for point in points]}

    hours = {"ca": 5.0, "de": 5.0, "ca--of20": 1.0}
    table = pruning_curve_table(hours, {"ca": found(10.0), "de": found(20.0), "ca--of20": found(40.0)})
    assert list(table.itertuples(index=False, name=None)) == [
        ("magnitude", 1.0, 0.2, 41.0),
        ("magnitude", 5.0, 0.2, 16.0),
        ("svd", 1.0, 0.2, 40.0),
        ("svd", 1.0, 1.0, 42.0),
        ("svd", 5.0, 0.2, 15.0),
        ("svd", 5.0, 1.0, 17.0),
    ]
