"""One table: tables/<name>.tsv and .md, and <name>_detail.tsv where there are details."""

from tauspeech.reporting.tables import markdown, write_frame
from tauspeech.runtime.files import write_text
from tauspeech.runtime.job import Job, run


def main(job: Job) -> None:
    frame, detail = job.module.build(job)
    outputs = [write_frame(job.path(f"{job.id}.tsv"), frame)]
    if detail is not None:
        outputs.append(write_frame(job.path(f"{job.id}_detail.tsv"), detail))
    readable = job.path(f"{job.id}.md")
    write_text(readable, markdown(frame))
    job.finish(*outputs, readable)


if __name__ == "__main__":
    run(main)
