"""The task vector of a fine-tune: vectors/<run>.safetensors."""

from tauspeech.runtime.job import Task, run


def main(task: Task) -> None:
    from tauspeech.runtime.pace import logged
    from tauspeech.vectors.deltas import Difference, Model
    from tauspeech.vectors.files.vector_file import write_vector
    from tauspeech.vectors.execution import Work

    work = Work(task.threads, logged)
    base = Model(task.input("base", "."), work)
    change = Difference(Model(task.input("finetuned", "."), work), base)
    path = task.path(f"{task.id}.safetensors")
    write_vector(path, change, base.fingerprint, {"origin": change.finetuned.origin, "settings": task.spec}, work)
    task.finish(path)


if __name__ == "__main__":
    run(main)
