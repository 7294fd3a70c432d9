# Summary of a run, printed at its end and written to summary.tsv, and the version of the code that ran, written to code.json.
# The report does not contain the summary: it depends on plan and code alone.

from pathlib import Path

from tauspeech.plan import run_lock
from tauspeech.runtime.files import canonical_json, write_text
from tauspeech.runtime.run_record import RunRecord
from tauspeech.runtime.run_summary import as_text, as_tsv

RECORD = RunRecord(Path(RESULTS))


def summarise(succeeded):
    if workflow.touch:  # nothing ran
        return
    summary = RECORD.close(succeeded)
    logger.info(as_text(summary))
    try:
        write_text(Path(RESULTS, "summary.tsv"), as_tsv(summary))
        write_text(Path(RESULTS, "code.json"), canonical_json(summary.code.record()))
    except OSError as error:
        logger.error(f"summary.tsv was not written: {trouble_of(error) or error}.")


onstart:
    if not run_lock.acquire(Path(RESULTS)):
        sys.exit(
            f"Error: another run of {RESULTS} is in progress: wait until it has ended."
        )
    # With a limit of jobs a second, Snakemake's main process wakes once a second more for each job that has ended, and in
    # a run of hundreds of jobs takes half a core from them. The limit is for queues of clusters.
    if workflow.local_exec:
        workflow.scheduler.job_rate_limiter = None
    RECORD.open()


onsuccess:
    summarise(succeeded=True)


onerror:
    summarise(succeeded=False)
