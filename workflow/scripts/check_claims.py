"""Verdicts on a paper's claims: claims.tsv."""

from tauspeech.runtime.files import write_atomic
from tauspeech.runtime.job import Job, run
from tauspeech.scoring.claims import check_claims
from tauspeech.scoring.rules import ScoringRules


def main(job: Job) -> None:
    rules = ScoringRules.of_job(job.settings)
    files, searches = job.files("hypotheses"), job.inputs("searches")
    table = check_claims(job.settings["claims"], files, job.seed, searches, rules)
    path = job.path("claims.tsv")
    write_atomic(path, lambda part: table.to_csv(part, sep="\t", index=False, float_format="%.2f"))
    job.finish(path)


if __name__ == "__main__":
    run(main)
