"""Run times of a job's inputs, from their receipts."""

from tauspeech.runtime.job import Job
from tauspeech.runtime.receipts import Receipt
from tauspeech.runtime.stages import receipt_path


def seconds_of(job: Job, role: str) -> dict[str, float]:
    """Seconds that each job of a list of inputs has taken, by id."""
    job.inputs(role, ".")  # verifies and records them
    receipts = {
        each["id"]: Receipt.read(job.results / receipt_path(each["stage"], each["id"]))
        for each in job.spec["inputs"].get(role, [])
    }
    return {id: receipt.content["seconds"] for id, receipt in receipts.items()}
