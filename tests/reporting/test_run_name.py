from tauspeech.reporting.run_name import run_name


def test_a_run_has_its_seeds_in_its_name():
    assert run_name({"name": "words", "seed": 3}) == "words, seed 3"
    assert run_name({"name": "words", "seed": 3, "repetitions": 3}) == "words, seeds 3 to 5"
