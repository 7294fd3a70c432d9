"""The page that a person reads: report.html."""

import json
from pathlib import Path

import pandas as pd

from tauspeech.files import write_text
from tauspeech.job import Task, run
from tauspeech.receipts import versions
from tauspeech.reporting.claims import claims
from tauspeech.reporting.content import Example, Output, Report
from tauspeech.reporting.page import build_page
from tauspeech.reporting.rare_words import described_figures, described_tables, facts
from tauspeech.speech import manifest
from tauspeech.text.checks import contains


def read_tables(task: Task) -> dict[str, pd.DataFrame]:
    files = {path.stem: path for path in task.files("tables") if path.suffix == ".tsv"}
    return {name: pd.read_csv(path, sep="\t", keep_default_na=False, na_values=[""]) for name, path in files.items()}


def read_hypotheses(paths: list[Path], task: str) -> dict[str, dict[str, str]]:
    """Model -> utterance -> text."""
    found: dict[str, dict[str, str]] = {}
    for path in paths:
        if path.name.endswith(f".{task}.jsonl"):
            lines = map(json.loads, path.read_text(encoding="utf-8").splitlines())
            found.setdefault(path.parent.name, {}).update({line["id"]: line["hypothesis"] for line in lines})
    return found


def examples(task: Task) -> list[Example]:
    """The first test utterances of each word, and what its systems heard."""
    settings, config = task.settings, task.settings["config"]
    source, target = config["languages"]["source"], config["languages"]["target"]
    language = target if config["task"] == "translate" else source
    heard = read_hypotheses(task.files("hypotheses"), config["task"])
    found = []
    for word, path in task.inputs("sets").items():
        forms = settings["words"][word]
        for row in manifest.read(path, "test")[: settings["examples"]]:
            texts = {system: heard[model.split("/")[0]][row["utterance"]] for system, model in settings["heard"][word]}
            outputs = [
                Output(system, text, contains(text, forms[language], language)) for system, text in texts.items()
            ]
            spellings = tuple(form for group in forms.values() for form in group)
            audio = row["audio"]["bytes"]
            found.append(Example(word, row["utterance"], row[source], row[language], audio, outputs, spellings))
    return found


def main(task: Task) -> None:
    tables = read_tables(task)
    config = task.settings["config"]
    drawn = {path.stem: path.read_text(encoding="utf-8") for path in task.files("figures") if path.suffix == ".svg"}
    report = Report(
        title="Rare words",
        lead="One task vector for each rare word, used alone and merged with others, without further training.",
        facts=facts(config, tables),
        claims=claims(tables, config["task"], config["control_task"] if "table3" in tables else None),
        tables=described_tables(tables, config),
        figures=described_figures(drawn, config),
        examples=examples(task),
        provenance=f"Plan {task.key[:16]}. "
        + ", ".join(f"{name} {version}" for name, version in versions().items())
        + ".",
    )
    page = task.path("report.html")
    write_text(page, build_page(report))
    task.finish(page)


if __name__ == "__main__":
    run(main)
