"""The report of a run: report.html, a page that needs no network."""

from pathlib import Path

import pandas as pd

from tauspeech.data import manifest
from tauspeech.reporting.claims import verdicts_from
from tauspeech.reporting.content import DecodedText, Report
from tauspeech.reporting.page import build_page
from tauspeech.reporting.seeds_table import with_seeds
from tauspeech.reporting.tables import read_frame
from tauspeech.reporting.voice_samples import samples_from
from tauspeech.runtime.code_version import code_version
from tauspeech.runtime.files import read_json_lines, write_text
from tauspeech.runtime.job import Job, run
from tauspeech.runtime.receipts import versions


def read_hypotheses(paths: list[Path]) -> dict[tuple[str, str], dict[str, DecodedText]]:
    """Hypotheses by utterance, for each model and task."""
    found: dict[tuple[str, str], dict[str, DecodedText]] = {}
    for path in paths:
        for line in read_json_lines(path):
            found.setdefault((path.parent.name, line["task"]), {})[line["id"]] = DecodedText.of(line)
    return found


def main(job: Job) -> None:
    settings, experiment = job.settings, job.module
    tables = {path.stem: read_frame(path) for path in job.files("tables") if path.suffix == ".tsv"}
    drawn = {path.stem: path.read_text(encoding="utf-8") for path in job.files("figures") if path.suffix == ".svg"}
    played = {id: manifest.read(path, "test")[: settings["examples"]] for id, path in job.inputs("sets").items()}
    used = ", ".join(f"{name} {version}" for name, version in versions().items() if name != "tauspeech")
    report = Report(
        title=experiment.TITLE,
        lead=experiment.LEAD,
        facts=experiment.facts(settings["config"], tables),
        claims=verdicts_from(read_frame(job.input("claims"))),
        tables=with_seeds(experiment.described_tables(tables, settings["config"]), tables),
        figures=experiment.described_figures(drawn, settings["config"]),
        examples=experiment.examples(played, read_hypotheses(job.files("hypotheses")), settings),
        samples=samples_from(pd.read_parquet(path) for path in job.inputs("voice_samples").values()),
        marks=getattr(experiment, "MARKS", Report.marks),
        provenance=f"Plan {job.key[:16]}. Code: {code_version()}. {used}.",
    )
    page = job.path("report.html")
    write_text(page, build_page(report))
    job.finish(page)


if __name__ == "__main__":
    run(main)
