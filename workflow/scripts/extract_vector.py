"""The task vector of a fine-tune: vectors/<id>.safetensors; of a LoRA adapter its factors."""

from tauspeech.runtime.job import Job, run


def main(job: Job) -> None:
    from tauspeech.runtime.pace import logged
    from tauspeech.vectors.deltas import Difference, Model
    from tauspeech.vectors.encodings.compressed import Factors
    from tauspeech.vectors.encodings.vector_file import write_vector
    from tauspeech.vectors.execution import Execution
    from tauspeech.vectors.lora.adapter import Adapter
    from tauspeech.vectors.lora.config import ADAPTER_FOLDER

    execution = Execution(job.threads, logged)
    reference, folder = Model(job.input("base", "."), execution), job.input("finetuned", ".")
    path = job.path(f"{job.id}.safetensors")
    if job.settings.get("encoding") == "lora":
        adapter = Adapter(folder / ADAPTER_FOLDER, reference)
        origin = {"adapter": folder.name, "fingerprint": adapter.fingerprint(execution)}
        about = {"origin": origin, "settings": job.spec}
        write_vector(path, adapter, reference.fingerprint, about, execution, Factors(adapter))
    else:
        change = Difference(Model(folder, execution), reference)
        about = {"origin": change.finetuned.origin, "settings": job.spec}
        write_vector(path, change, reference.fingerprint, about, execution)
    job.finish(path)


if __name__ == "__main__":
    run(main)
