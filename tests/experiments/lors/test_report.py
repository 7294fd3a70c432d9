"""Facts of the report of the experiment lors."""

import pytest

from tauspeech.experiments.lors.report import facts
from tauspeech.plan.config import complete
from tests.experiments.lors.conftest import BASIS, HIGH


@pytest.mark.parametrize(
    ("training", "said"),
    [
        ({"learning_rate": 1e-5}, "learning rate 1e-05 unless"),
        ({"learning_rate": [1e-5]}, "learning rate 1e-05 unless"),  # nothing is searched
        ({"learning_rate": [1e-5, 1e-4]}, "learning rate 1e-05 or 0.0001 for each training by validation, unless"),
        ({"learning_rate": [1e-5, 1e-4], "search": "kind"}, "0.0001 for each kind of training by validation, unless"),
    ],
)
def test_the_report_says_which_rates_were_tried(training, said):
    config = complete(BASIS | {"groups": {"high": {"languages": HIGH}}, "training": training}, "c.yaml")
    assert said in dict(facts(config, {}))["Fine-tuning"]
