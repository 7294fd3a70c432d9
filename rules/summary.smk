# What a run did, told at its end and kept beside the report, which it is no part of: reports of one plan are the same.

from pathlib import Path

from tauspeech.runtime.files import write_text
from tauspeech.runtime.run_record import Ledger
from tauspeech.runtime.run_summary import table, told

LEDGER = Ledger(Path(RESULTS))


def summarise(succeeded):
    if workflow.touch:  # nothing ran
        return
    account = LEDGER.close(succeeded)
    logger.info(told(account))
    try:
        write_text(Path(RESULTS, "summary.tsv"), table(account))
    except OSError as error:
        logger.error(f"The summary is not kept: {trouble_of(error) or error}.")


onstart:
    LEDGER.open()


onsuccess:
    summarise(succeeded=True)


onerror:
    summarise(succeeded=False)
