"""The experiment toy: what a model forgets when its task vector is subtracted."""

from pathlib import Path
from typing import Any

from tauspeech.plan.builder import Builder, PlannedSentences
from tauspeech.plan.jobs import Plan, PlannedJob
from tauspeech.plan.merges import MergeSpec, Term
from tauspeech.plan.tables import PlannedCell, PlannedClaim, Row, claims_job, scores_table

TASK = {"kind": "translate", "source": "zh", "target": "en"}


def plan(config: dict[str, Any], results: Path) -> Plan:
    build = Builder(config, ("zh",), ("en",))
    text = build.sentences("plain", PlannedSentences(("zh", "en"), config["text"]["counts"], own=None))
    speech = build.synthesised("plain", text, "zh", config["speech"])
    sets = ((speech, (TASK,)),)
    tuned = build.finetune("tuned", sets, config["training"])
    terms = (Term(build.vector(tuned), -config["forget"]),)
    negated = build.merge("negated", MergeSpec("task_arithmetic", terms))
    models = {"Base": build.base, "Tuned": tuned, "Negated": negated}
    hypotheses = {system: build.decode(system.lower(), model, sets) for system, model in models.items()}
    cells = {
        system: PlannedCell(build.score(found, words={}), "plain", "translate", "en")
        for system, found in hypotheses.items()
    }
    table = scores_table("table1", [Row({"system": system}, {"BLEU": [cell]}) for system, cell in cells.items()])
    statement = "A negated vector makes the model worse."
    claim = PlannedClaim("forgetting", statement, "Table 1", [cells["Base"]], {"Negated": [cells["Negated"]]})
    claims = claims_job([[claim]], config["seed"])
    inputs = {"tables": [table], "claims": claims, "sets": [speech], "hypotheses": list(hypotheses.values())}
    settings = {"examples": 1, "config": {"name": config["name"], "forget": config["forget"]}}
    modules = ("tauspeech.experiments.toy.report",)
    report = PlannedJob("report", "report", settings, inputs, modules=modules)
    return Plan([table, claims, report], main_table="table1")
