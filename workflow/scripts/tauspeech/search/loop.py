"""The search loop: try candidates on a split of some sets, score each, and choose one by a rule.

A choice may also be made from several searches, each of the same candidates with other models and sets.
"""

import json
from importlib import import_module
from statistics import fmean
from typing import Any

from tauspeech.data import manifest
from tauspeech.models.decoding import Decoder, FeatureCache
from tauspeech.models.encoder_states import EncoderStates
from tauspeech.models.family import open_model
from tauspeech.models.tasks import tasks_by_set
from tauspeech.runtime.job import Job
from tauspeech.runtime.pace import logged
from tauspeech.scoring.rules import ScoringRules
from tauspeech.search.candidates import Candidate
from tauspeech.search.rules import choose
from tauspeech.search.tried import tried
from tauspeech.vectors.execution import Execution


def search(job: Job, cache: FeatureCache, states: EncoderStates) -> dict[str, Any]:
    """Points, each a candidate with its score, and what the rule has chosen of them."""
    settings = job.settings
    candidates = tried(job, Execution(job.threads, logged))
    model = open_model(job.input("base", "."), settings.get("base_window"))
    decoder = Decoder(model, settings, cache, states)
    tasks = tasks_by_set(settings["tasks"])
    sets = {id: manifest.read(path, settings["split"]) for id, path in job.inputs("sets").items()}
    measured = import_module(f"tauspeech.search.scores.{settings['score']}").measured
    rules = ScoringRules.of_job(settings)
    points = []
    for candidate in settings["candidates"]:
        candidates.apply(decoder, candidate)
        points.append(candidate | measured(decoder, sets, tasks, rules))
        print(f"{_described(candidate)}: {points[-1]['score']:.2f}", flush=True)
    return {"points": points, "chosen": choose(settings["rule"], points)}


def mean_of_searches(job: Job) -> dict[str, Any]:
    """The candidates that several searches have tried, with the mean of their scores, and what the rule chooses of them."""
    searches = [json.loads(path.read_text(encoding="utf-8"))["points"] for path in job.inputs("searches").values()]
    points = [
        job.settings["candidates"][number] | {"score": fmean(point["score"] for point in of_number)}
        for number, of_number in enumerate(zip(*searches, strict=True))
    ]
    for point in points:
        print(f"{_described({key: value for key, value in point.items() if key != 'score'})}: {point['score']:.2f}")
    return {"points": points, "chosen": choose(job.settings["rule"], points)}


def _described(candidate: Candidate) -> str:
    flat = {name: value for key, found in candidate.items() for name, value in _named(key, found).items()}
    return " ".join(f"{name} {value:g}" if isinstance(value, float | int) else value for name, value in flat.items())


def _named(key: str, value: Any) -> dict[str, Any]:
    """Values by name: those of a mapping, and of lists none."""
    return value if isinstance(value, dict) else {} if isinstance(value, list) else {key: value}
