"""The task vector of a fine-tune: vectors/<id>.safetensors."""

from tauspeech.runtime.job import Job, run


def main(job: Job) -> None:
    from tauspeech.runtime.pace import logged
    from tauspeech.vectors.deltas import Difference, Model
    from tauspeech.vectors.encodings.vector_file import write_vector
    from tauspeech.vectors.execution import Execution

    execution = Execution(job.threads, logged)
    reference = Model(job.input("base", "."), execution)
    change = Difference(Model(job.input("finetuned", "."), execution), reference)
    path = job.path(f"{job.id}.safetensors")
    about = {"origin": change.finetuned.origin, "settings": job.spec}
    write_vector(path, change, reference.fingerprint, about, execution)
    job.finish(path)


if __name__ == "__main__":
    run(main)
