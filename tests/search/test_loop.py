"""The search stage: candidates are scored on the planned split by the planned score, and the rule chooses."""

import json
import re

import numpy as np
import pytest
import torch

import search_candidates
from tauspeech.data import manifest
from tauspeech.data.audio import decode_audio, encode_audio
from tauspeech.models.decoding import FeatureCache
from tauspeech.models.encoder_states import EncoderStates
from tauspeech.plan.builder import Builder
from tauspeech.plan.jobs import PlannedJob
from tauspeech.plan.merges import MergeSpec, Term
from tauspeech.search import loop
from tests.search.results import SHAPES

TEXT = {"validation": "bon dia a tothom", "test": "bona nit a tothom"}
TASK = {"kind": "transcribe", "source": "ca", "target": "en"}
TOLERANT = {"kind": "smallest_scale", "tolerance": 30.0}


class FakeModel:
    """Its hypotheses lose a word for each 0.25 that the first bias is from ``best``."""

    window, room, features_id, encoder = 30.0, 0.0, "fake", None

    def __init__(self, base, best):
        self.network = torch.nn.Linear(1, 1)
        self.base, self.best = base, best
        self.weights, self.featured = {}, 0

    def features_of(self, row, task):
        return self.features(decode_audio(row["audio"]["bytes"]))

    def features(self, samples):
        self.featured += 1
        return samples[:1]

    def encode(self, features):
        return len(features)

    def decode(self, encoded, task, *, beams, new_tokens, hints=None):
        self.hints = hints
        if hints:
            return [" ".join(TEXT[self.split].split()[: round(hints.strength)])] * encoded
        bias = self.weights.get("bias", self.base)[0]
        wrong = min(4, round(abs(float(bias) - self.best) / 0.25))
        return [" ".join(TEXT[self.split].split()[: 4 - wrong])] * encoded

    def load_weights(self, weights):
        self.weights |= dict(weights)


@pytest.fixture
def scaled(results):
    """A merge whose first bias is the base's plus its scale."""
    job = results.finetune("one")
    moved = {name: values.copy() for name, values in results.tensors["base"].items()}
    moved["bias"] += 1.0
    for file in (results.folder / "models/one").iterdir():
        file.unlink()
    (results.folder / "models/one").rmdir()
    results.lab.model("one", moved)
    results.made(job, "config.json", "model.safetensors")
    return MergeSpec("task_arithmetic", (Term(results.vector(job)),))


@pytest.fixture
def sets(results):
    def row(split, number):
        audio = {"bytes": encode_audio(np.full(1600, 0.1, np.float32)), "path": None}
        about = {"utterance": f"ca-{split}-{number}", "split": split, "word_id": "", "ca": TEXT[split], "en": "x"}
        return about | {"audio": audio, "seconds": 0.1, "voice": "v", "engine": "e", "seed": 1}

    rows = [row(split, number) for split, count in (("validation", 3), ("test", 5)) for number in range(count)]
    manifest.write(results.path("speech", "ca.parquet"), rows, ["ca", "en"])
    return ((results.made(PlannedJob("speech", "ca", {}), "ca.parquet"), (TASK,)),)


@pytest.fixture
def searched(results, scaled, sets, monkeypatch):
    """Output of the stage's script for a search over scales of the merge."""

    def run(best, grid=(0.0, 0.25, 0.5, 0.75, 1.0), rule=None, split="validation", tasks=(TASK,), **settings):
        base = results.tensors["base"]["bias"]
        model = FakeModel(base, float(base[0]) + best)
        model.split = split
        monkeypatch.setattr(loop, "open_model", lambda folder, window: model)
        monkeypatch.setattr("tauspeech.models.decoding.shared_features", lambda: FeatureCache())
        candidates = [{"scale": scale} for scale in grid]
        of_set = ((speech, tasks) for speech, _ in sets)
        job = results.build.search("mix", scaled, tuple(of_set), "scales", candidates, rule, split, **settings)
        search_candidates.main(results.at_run_time(job))
        return json.loads(results.path("search", "mix.json").read_text(encoding="utf-8")), model

    return run


def test_every_candidate_is_scored_and_the_rule_chooses(searched):
    found, model = searched(0.5, rule=TOLERANT)
    assert found == {
        "points": [
            {"scale": scale, "score": score}
            for scale, score in ((0.0, 50.0), (0.25, 75.0), (0.5, 100.0), (0.75, 75.0), (1.0, 50.0))
        ],
        "chosen": {"scale": 0.25},
    }
    assert model.featured == 3  # features of the three utterances serve all candidates
    assert model.weights.keys() == SHAPES.keys()


def test_candidates_with_the_same_encoder_share_its_states(searched, monkeypatch):
    encoded = []

    class Batch(int):
        def computed_bytes(self):
            return 1

    monkeypatch.setattr(FakeModel, "encoder", torch.nn.Linear(1, 1))
    monkeypatch.setattr(FakeModel, "encode", lambda _, features: encoded.append(1) or Batch(len(features)))
    monkeypatch.setattr("tauspeech.models.encoder_states.shared_states", EncoderStates)
    assert [point["score"] for point in searched(0.5, grid=(0.0, 0.25, 0.5))[0]["points"]] == [50.0, 75.0, 100.0]
    assert encoded == [1]


def test_the_test_split_with_the_tables_metric(searched):
    """A search without a rule, as for the curves of a figure, chooses nothing."""
    found, model = searched(1.0, grid=(0.5, 1.0), split="test", score="headline")
    counts = [{"ca.transcribe": " ".join(["2/4"] * 5)}, {"ca.transcribe": " ".join(["0/4"] * 5)}]
    points = [{"scale": 0.5, "score": 50.0, "counts": counts[0]}, {"scale": 1.0, "score": 0.0, "counts": counts[1]}]
    assert found == {"points": points, "chosen": {}}
    assert model.featured == 5


def test_counts_are_those_of_sentences_with_all_their_recordings(searched, monkeypatch):
    monkeypatch.setattr(
        "tauspeech.data.takes._FURTHER", re.compile(r"-[34]$")
    )  # utterances 3 and 4 are of one sentence
    found, _ = searched(1.0, grid=(0.5,), split="test", score="headline")
    assert found["points"][0]["counts"] == {"ca.transcribe": "4/8 2/4 2/4 2/4"}


def test_the_score_is_the_mean_over_tasks(searched):
    """The transcripts are right, and no translation is."""
    found, model = searched(0.0, grid=(0.0,), tasks=(TASK, TASK | {"kind": "translate"}))
    assert found["points"] == [{"scale": 0.0, "score": 50.0}]
    assert model.featured == 3  # the tasks share the features


@pytest.mark.parametrize(("score", "expected"), [("validation", 75), ("headline", 25)])  # the latter is the error rate
def test_texts_are_normalised_as_the_configuration_says(results, searched, monkeypatch, score, expected):
    monkeypatch.setitem(TEXT, "validation", "Bon dia (rialles) a tothom")  # hypotheses are its first four words
    assert searched(0.0, grid=(0.0,), score=score)[0]["points"][0]["score"] == 50
    results.build = Builder(results.build.config | {"scoring": {"normaliser": "whisper_basic"}}, ("ca",), ("en",))
    assert searched(0.0, grid=(0.0,), score=score)[0]["points"][0]["score"] == expected


def test_a_search_of_the_builder_reaches_the_script(results, scaled, sets):
    """The rule and the ascending candidates come from the configuration."""
    results.build.config["merging"] = {"grid": [1.0, 0.5], "tolerance": 0.25}
    job = results.build.scale_search("mix--ta", scaled, sets)
    assert job.settings["candidates"] == [{"scale": 0.5}, {"scale": 1.0}]
    assert job.settings["rule"] == {"kind": "smallest_scale", "tolerance": 0.25}
    assert (job.settings["kind"], job.settings["split"], job.settings["score"]) == (
        "scales",
        "validation",
        "validation",
    )
    assert job.settings["tasks"] == {"ca": [TASK]} and job.settings["merge"] == scaled.settings


def test_a_choice_from_several_searches_is_made_by_the_mean_of_their_scores(results):
    """Each search alone would choose another scale."""
    candidates = [{"scale": scale} for scale in (0.1, 0.5, 0.9)]
    searches = []
    for name, scores in {"one": (9.0, 7.0, 1.0), "two": (0.0, 6.0, 7.0)}.items():
        points = [candidate | {"score": score} for candidate, score in zip(candidates, scores, strict=True)]
        content = json.dumps({"points": points, "chosen": {}})
        results.path("search", f"{name}.json").write_text(content, encoding="utf-8")
        searches.append(results.made(PlannedJob("search", name, {"candidates": candidates}), f"{name}.json"))
    job = results.build.mean_search("mean", searches, TOLERANT | {"tolerance": 0.0})
    search_candidates.main(results.at_run_time(job))
    found = json.loads(results.path("search", "mean.json").read_text(encoding="utf-8"))
    means = [candidate | {"score": score} for candidate, score in zip(candidates, (4.5, 6.5, 4.0), strict=True)]
    assert found == {"points": means, "chosen": {"scale": 0.5}}


def test_strengths_are_tried_on_the_model_that_is_given(results, sets, searched, monkeypatch):
    """A bias of strength 3 writes three of four words; the weights stay."""
    searched(0.0, grid=(0.0,))  # puts a model in place
    merged = results.made(PlannedJob("merge", "mix", {}), *())
    opened, model = [], loop.open_model(None, None)
    monkeypatch.setattr(loop, "open_model", lambda folder, window: opened.append(folder.name) or model)
    model.weights = {}
    job = results.build.strength_search("mix--bias", ("bon dia",), [4, 2, 3], 30.0, sets, merged)
    search_candidates.main(results.at_run_time(job))
    found = json.loads(results.path("search", "mix--bias.json").read_text(encoding="utf-8"))
    assert found == {
        "points": [{"strength": strength, "score": score} for strength, score in ((2, 50.0), (3, 75.0), (4, 100.0))],
        "chosen": {"strength": 3},
    }
    assert opened == ["mix"] and not model.weights and model.hints.phrases == ("bon dia",)
