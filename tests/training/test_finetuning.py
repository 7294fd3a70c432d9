"""Training sets of a fine-tune, and the choice of its learning rate."""

import math

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from safetensors.torch import load_file

from tauspeech.data.audio import encode_audio
from tauspeech.models.foundation_sizes import SIZES
from tauspeech.models.tasks import SpeechTask
from tauspeech.models.whisper.foundation import new_model
from tauspeech.runtime.errors import UserError
from tauspeech.scoring.rules import ScoringRules
from tauspeech.training.finetuning import Finetuning, Trained, TrainingSets, first_share
from tauspeech.training.rates import best_of

SECONDS = st.lists(st.floats(0.125, 30, width=32), max_size=60)
SHARES = st.floats(0.001, 1)


def rows_of(seconds, split="train", name="a"):
    return [{"utterance": f"{name}-{number}", "split": split, "seconds": each} for number, each in enumerate(seconds)]


def names(rows):
    return [row["utterance"] for row in rows]


# Shares of the training speech


@given(SECONDS)
@example([0.1] * 60)
def test_the_whole_share_keeps_everything(seconds):
    rows = rows_of(seconds)
    assert first_share(rows, 1) == first_share(rows, 1.0) == rows


@given(SECONDS, SHARES)
def test_a_share_is_the_beginning_and_never_more_than_its_seconds(seconds, share):
    rows = rows_of(seconds)
    kept = first_share(rows, share)
    assert kept == rows[: len(kept)]
    room = share * math.fsum(seconds)
    assert math.fsum(row["seconds"] for row in kept) <= room + 1e-5
    if len(kept) < len(rows):
        assert math.fsum(row["seconds"] for row in rows[: len(kept) + 1]) > room


@given(SECONDS, SHARES, SHARES)
@example([1.0] * 10, 0.2, 0.6)
def test_a_smaller_share_is_the_beginning_of_a_larger_one(seconds, one, other):
    rows = rows_of(seconds)
    few, many = first_share(rows, min(one, other)), first_share(rows, max(one, other))
    assert many[: len(few)] == few


@pytest.mark.parametrize(("share", "count"), [(0.2, 2), (0.3, 3), (0.6, 6), (0.65, 6), (0.7, 7), (1, 10)])
def test_a_share_that_ends_with_an_utterance_has_it(share, count):
    """Neither 0.1 nor its multiples are floats."""
    assert len(first_share(rows_of([0.1] * 10), share)) == count


def test_a_shorter_utterance_after_the_end_is_not_sought():
    assert names(first_share(rows_of([4, 4, 1, 1]), 0.5)) == ["a-0"]


def test_only_the_training_speech_is_cut_and_each_set_by_itself():
    short, long = [1.0] * 10, [3.0] * 20
    sets = {
        id: rows_of(seconds, name=id) + rows_of([2.0] * 4, "validation", id) + rows_of([2.0] * 5, "test", id)
        for id, seconds in (("ca", short), ("de", long))
    }
    training_sets = TrainingSets(sets, {}, 0.5)
    trained = training_sets.rows("train")
    assert names(trained["ca"]) == [f"ca-{number}" for number in range(5)]
    assert names(trained["de"]) == [f"de-{number}" for number in range(10)]
    for split, count in (("validation", 4), ("test", 5)):
        assert {id: len(rows) for id, rows in training_sets.rows(split).items()} == {"ca": count, "de": count}
        assert all(row["split"] == split for rows in training_sets.rows(split).values() for row in rows)
    whole = TrainingSets(sets, {}, 1.0).rows("train")
    assert {id: len(rows) for id, rows in whole.items()} == {"ca": 10, "de": 20}
    assert list(whole) == ["ca", "de"]


def test_a_share_without_an_utterance_is_named():
    training_sets = TrainingSets({"ca": rows_of([5.0] * 10), "de": rows_of([1.0] * 50)}, {}, 0.05)
    with pytest.raises(UserError, match="set 'ca' has no utterance in 5 % of its training speech"):
        training_sets.rows("train")


# Learning rates


class Attempt:
    """A training whose score at each rate is known beforehand."""

    def __init__(self, scores):
        self.scores = scores
        self.tried = {}

    def __call__(self, rate, checkpoints):
        self.tried[rate] = checkpoints
        return Trained(f"model of {rate}", {"steps": 7}, self.scores[rate], None)


def test_a_single_rate_is_used_as_it_is(tmp_path):
    attempt = Attempt({1e-5: -3.0})
    found = best_of(1e-5, attempt, tmp_path)
    assert attempt.tried == {1e-5: tmp_path}
    assert (found.model, found.history) == ("model of 1e-05", {"steps": 7})


@pytest.mark.parametrize(
    ("scores", "chosen"),
    [
        ({1e-3: 10.0, 1e-4: 30.0, 1e-5: 20.0}, 1e-4),
        ({1e-3: -10.0, 1e-4: -30.0, 1e-5: -20.0}, 1e-3),
        ({1e-3: 10.0, 1e-5: 10.0, 1e-4: 10.0}, 1e-5),
        ({1e-3: 10.0, 1e-5: 5.0, 1e-4: 10.0}, 1e-4),
        ({1e-3: 0.0}, 1e-3),
    ],
)
def test_of_several_rates_the_best_on_validation_is_taken_and_of_equal_ones_the_lowest(tmp_path, scores, chosen):
    found = best_of(list(scores), Attempt(scores), tmp_path)
    assert found.model == f"model of {chosen}"
    assert found.score == scores[chosen]


def test_the_history_lists_every_rate(tmp_path):
    found = best_of([1e-3, 1e-4], Attempt({1e-3: 10.0, 1e-4: 30.0}), tmp_path)
    assert found.history == {
        "steps": 7,
        "learning_rate": 1e-4,
        "tried": [{"learning_rate": 1e-4, "score": 30.0}, {"learning_rate": 1e-3, "score": 10.0}],
    }


@pytest.mark.parametrize("rates", [[1e-5, 2e-5, 1e-4], [5e-9, 2e-8, 5e-8, 1e-7, 1e-6], [1e-3, 1.001e-3]])
def test_checkpoints_of_each_rate_lie_apart_below_the_trainings_own(tmp_path, rates):
    attempt = Attempt(dict.fromkeys(rates, 1.0))
    best_of(rates, attempt, tmp_path)
    folders = set(attempt.tried.values())
    assert len(folders) == len(rates)
    assert {folder.parent for folder in folders} == {tmp_path}


def test_a_resumed_search_finds_the_checkpoints_of_its_rates_again(tmp_path):
    first, second = (Attempt(dict.fromkeys((1e-3, 1e-4), 1.0)) for _ in range(2))
    best_of([1e-3, 1e-4], first, tmp_path)
    best_of([1e-4, 1e-3], second, tmp_path)
    assert first.tried == second.tried


# A real training, of a model from scratch


SETTINGS = {"epochs": 2, "batch": 2, "accumulate": 1, "evaluations": 2, "precision": "fp32", "joint_steps": None}
SETTINGS |= {"best_by": "score", "validation_decoding": {"beams": 1, "batch": 4, "new_tokens": 4, "precision": "fp32"}}
TEXTS = ["Bon dia a tothom.", "Good morning, everyone.", "Fins demà.", "See you tomorrow."]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("base")
    new_model(TEXTS, SIZES["tiny"], 1).save(folder)
    return folder


def saved(trained, base, folder):
    """Weights of a finished training, as written beside the base."""
    folder.mkdir()
    trained.part.save(base, folder)
    return load_file(folder / "model.safetensors")


def tone(number, split):
    samples = np.sin(np.arange(16_000) * (0.05 + 0.01 * number)).astype(np.float32) / 2
    row = {
        "utterance": f"ca-{split}-{number}",
        "split": split,
        "seconds": 1.0,
        "audio": {"bytes": encode_audio(samples)},
    }
    return row | {"ca": TEXTS[2 * (number % 2)], "en": TEXTS[2 * (number % 2) + 1]}


@pytest.fixture
def finetuning(base):
    """Fine-tunings on five of ten utterances of a set."""
    rows = [tone(number, split) for split, count in (("train", 10), ("validation", 2)) for number in range(count)]
    training_sets = TrainingSets({"ca": rows}, {"ca": [SpeechTask("transcribe", "ca", "en")]}, 0.5)
    return lambda **changes: Finetuning(base, training_sets, SETTINGS | changes, seed=1)


def weights(trained):
    return {name: tensor.numpy().tobytes() for name, tensor in trained.model.network.state_dict().items()}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"epochs": 1}, id="whole epochs"),
        pytest.param({"epochs": 1, "schedule": "constant_with_warmup"}, id="whole epochs, constant rate"),
        pytest.param({"epochs": 2}, id="an unfinished epoch"),
        pytest.param({"epochs": 2, "schedule": "constant_with_warmup"}, id="the same, constant rate"),
        pytest.param({"epochs": 4, "evaluations": 6, "best_by": "score", "patience": 2}, id="patience"),
    ],
)
def test_a_search_that_was_cut_short_ends_as_if_it_had_not_been(finetuning, tmp_path, changes):
    """Each rate was finished already, so that nothing is left to train."""
    rates, changes = [1e-3, 1e-2], {"best_by": "loss"} | changes
    whole = best_of(rates, finetuning(**changes).at, tmp_path / "whole")
    for rate in rates:
        finetuning(**changes).at(rate, tmp_path / "cut" / f"rate-{rate:g}")
    resumed = best_of(rates, finetuning(**changes).at, tmp_path / "cut")
    assert weights(resumed) == weights(whole)
    for key in ("tried", "learning_rate", "steps"):
        assert resumed.history[key] == whole.history[key], key
    assert len(resumed.history["evaluations"]) == len(whole.history["evaluations"])


@pytest.mark.parametrize("best_by", ["score", "loss"])
def test_rates_are_tried_from_the_base_each_and_a_score_is_better_when_higher(finetuning, tmp_path, best_by):
    rates = [1e-3, 1e-2]
    alone = [finetuning(best_by=best_by).at(rate, tmp_path / f"alone-{rate}") for rate in rates]
    found = best_of(rates, finetuning(best_by=best_by).at, tmp_path / "search")
    best = max(alone, key=lambda trained: trained.score)
    assert weights(found) == weights(best)
    if best_by == "loss":
        assert found.score == -min(entry["eval_loss"] for each in alone for entry in each.history["evaluations"])


def test_checkpoints_are_scored_by_the_rules_of_the_configuration(finetuning, tmp_path, monkeypatch):
    used = []
    monkeypatch.setattr("tauspeech.training.finetuning.mean_score", lambda *given: used.append(given[-1]) or 50.0)
    finetuning(epochs=1, **ScoringRules(bleu_case="cased").settings).at(1e-3, tmp_path)
    assert set(used) == {ScoringRules(bleu_case="cased")}


# Limits of a joint training


class Planned(Exception):
    """The number of steps of a training that was not started."""


@pytest.mark.parametrize(
    ("processes", "joint_steps", "expected"),
    [
        (None, None, 24),  # 4 sets of 3 utterances, 4 epochs, batches of 2
        (None, 2, 12),
        ("1", 2, 12),
        ("2", None, 12),
        ("2", 2, 6),  # on two devices a step has twice the utterances
        ("3", 1, 2),
        ("2", 9, 12),
    ],
)
def test_a_joint_training_has_at_most_a_multiple_of_the_steps_of_one_set(
    base, tmp_path, monkeypatch, processes, joint_steps, expected
):
    """Steps that are trained, with several devices as torchrun announces them."""
    ids = ("ca", "de", "es", "fr")
    rows = [tone(number, split) for split, count in (("train", 3), ("validation", 1)) for number in range(count)]
    tasks = {id: [SpeechTask("transcribe", "ca", "en")] for id in ids}
    settings = SETTINGS | {"epochs": 4, "best_by": "loss", "joint_steps": joint_steps}
    finetuning = Finetuning(base, TrainingSets(dict.fromkeys(ids, rows), tasks, 1.0), settings, seed=1)
    if processes:
        monkeypatch.setenv("WORLD_SIZE", processes)

    def arguments(settings, folder, steps, *rest):
        raise Planned(steps)

    monkeypatch.setattr("tauspeech.training.trainer.training_arguments", arguments)
    with pytest.raises(Planned) as planned:
        finetuning.at(1e-3, tmp_path)
    assert planned.value.args == (expected,)
