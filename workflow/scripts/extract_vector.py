"""The task vector of a fine-tune: vectors/<run>.safetensors."""

from tauspeech.runtime.job import Job, run


def main(job: Job) -> None:
    from tauspeech.runtime.pace import logged
    from tauspeech.vectors.deltas import Difference, Model
    from tauspeech.vectors.execution import Execution
    from tauspeech.vectors.files.vector_file import write_vector

    execution = Execution(job.threads, logged)
    base = Model(job.input("base", "."), execution)
    change = Difference(Model(job.input("finetuned", "."), execution), base)
    path = job.path(f"{job.id}.safetensors")
    write_vector(path, change, base.fingerprint, {"origin": change.finetuned.origin, "settings": job.spec}, execution)
    job.finish(path)


if __name__ == "__main__":
    run(main)
