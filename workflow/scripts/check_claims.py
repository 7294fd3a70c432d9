"""Which of a paper's claims hold in this run: claims.tsv."""

from tauspeech.runtime.files import write_atomic
from tauspeech.runtime.job import Task, run
from tauspeech.scoring.claims import check_claims


def main(task: Task) -> None:
    table = check_claims(task.settings["claims"], task.files("hypotheses"), task.seed)
    path = task.path("claims.tsv")
    write_atomic(path, lambda part: table.to_csv(part, sep="\t", index=False, float_format="%.2f"))
    task.finish(path)


if __name__ == "__main__":
    run(main)
