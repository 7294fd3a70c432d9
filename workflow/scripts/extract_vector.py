"""The task vector of a fine-tune: vectors/<run>.safetensors."""

from dataclasses import replace

from tauspeech.job import Task, run


def main(task: Task) -> None:
    from tauspeech.vectors.task_vector import subtract

    vector = subtract(task.input("finetuned", "."), task.input("base", "."))
    path = task.path(f"{task.id}.safetensors")
    replace(vector, metadata=vector.metadata | {"settings": task.spec}).save(path)
    task.finish(path)


if __name__ == "__main__":
    run(main)
