"""A model in CTranslate2's format: converted/<model>/."""

from tauspeech.runtime.files import artifact_files
from tauspeech.runtime.job import Job, run


def main(job: Job) -> None:
    from tauspeech.models.conversion import convert

    convert(job.input("model", "."), job.path())
    job.finish(*artifact_files(job.path()))


if __name__ == "__main__":
    run(main)
