"""The search loop: try candidates of a merge on a split of some sets, score each, and choose one by a rule."""

from importlib import import_module
from typing import Any

from tauspeech.data import manifest
from tauspeech.models.decoding import Decoder, FeatureCache
from tauspeech.models.encoder_states import EncoderStates
from tauspeech.models.family import open_model
from tauspeech.models.tasks import tasks_by_set
from tauspeech.runtime.job import Job
from tauspeech.runtime.pace import logged
from tauspeech.scoring.rules import ScoringRules
from tauspeech.search.candidates import KINDS
from tauspeech.search.rules import choose
from tauspeech.vectors.execution import Execution


def search(job: Job, cache: FeatureCache, states: EncoderStates) -> dict[str, Any]:
    """Points, each a candidate with its score, and what the rule has chosen of them."""
    settings = job.settings
    candidates = KINDS[settings["kind"]](job, settings["candidates"], Execution(job.threads, logged))
    model = open_model(job.input("base", "."), settings.get("base_window"))
    decoder = Decoder(model, settings, cache, states)
    tasks = tasks_by_set(settings["tasks"])
    sets = {id: manifest.read(path, settings["split"]) for id, path in job.inputs("sets").items()}
    measured = import_module(f"tauspeech.search.scores.{settings['score']}").measured
    rules = ScoringRules.of_job(settings)
    points = []
    for candidate in settings["candidates"]:
        model.load_weights(candidates.weights(candidate))
        points.append(candidate | measured(decoder, sets, tasks, rules))
        about = " ".join(
            f"{key} {value:g}" if isinstance(value, float | int) else value for key, value in candidate.items()
        )
        print(f"{about}: {points[-1]['score']:.2f}", flush=True)
    return {"points": points, "chosen": choose(settings["rule"], points)}
