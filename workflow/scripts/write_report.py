"""The page that a person reads: report.html."""

from pathlib import Path

import pandas as pd

from tauspeech.data import manifest
from tauspeech.reporting.claims import claims_from
from tauspeech.reporting.content import Report
from tauspeech.reporting.page import build_page
from tauspeech.reporting.voice_samples import sayings
from tauspeech.runtime.files import read_json_lines, write_text
from tauspeech.runtime.job import Job, run
from tauspeech.runtime.receipts import versions

EXPERIMENTS = {"rare_words": rare_words, "lors": lors}


def read_table(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, sep="\t", keep_default_na=False, na_values=[""])


def read_hypotheses(paths: list[Path]) -> dict[tuple[str, str], dict[str, str]]:
    """(model, job) -> utterance -> text."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for path in paths:
        for line in read_json_lines(path):
            found.setdefault((path.parent.name, line["task"]), {})[line["id"]] = line["hypothesis"]
    return found


def main(job: Job) -> None:
    settings = job.settings
    experiment = EXPERIMENTS[settings["experiment"]]
    tables = {path.stem: read_table(path) for path in job.files("tables") if path.suffix == ".tsv"}
    drawn = {path.stem: path.read_text(encoding="utf-8") for path in job.files("figures") if path.suffix == ".svg"}
    played = {id: manifest.read(path, "test")[: settings["examples"]] for id, path in job.inputs("sets").items()}
    used = ", ".join(f"{name} {version}" for name, version in versions().items())
    report = Report(
        title=experiment.TITLE,
        lead=experiment.LEAD,
        facts=experiment.facts(settings["config"], tables),
        claims=claims_from(read_table(job.input("claims"))),
        tables=experiment.described_tables(tables, settings["config"]),
        figures=experiment.described_figures(drawn, settings["config"]),
        examples=experiment.examples(played, read_hypotheses(job.files("hypotheses")), settings),
        sayings=sayings(pd.read_parquet(path) for path in job.inputs("showing").values()),
        provenance=f"Plan {job.key[:16]}. {used}.",
    )
    page = job.path("report.html")
    write_text(page, build_page(report))
    job.finish(page)


if __name__ == "__main__":
    run(main)
