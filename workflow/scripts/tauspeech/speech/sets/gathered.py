"""Set of speech from several engines: their shares, synthesised by jobs of their own, in the order of the sentences."""

from collections.abc import Iterator
from typing import Any

from tauspeech.data import manifest
from tauspeech.data.dropped_utterances import Drop, counts, read_dropped
from tauspeech.data.selection import within
from tauspeech.data.tables import read_table
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.job import Job
from tauspeech.speech.sets import Check
from tauspeech.speech.utterances import spoken


def rows(job: Job, drops: list[Drop], check: Check | None) -> Iterator[dict[str, Any]]:
    hours, shares = job.settings["hours"], job.inputs("tts").values()
    found = {row["utterance"]: row for path in shares for row in manifest.read(path)}
    drops += [drop for path in shares for drop in read_dropped(path.with_suffix(".dropped.tsv"))]
    sentences = spoken(read_table(job.input("text")), job.settings)
    made = [found[row["utterance"]] for row in sentences if row["utterance"] in found]
    usable = check(made, drops) if check else made
    for split in dict.fromkeys(row["split"] for row in sentences):
        of_split = [row for row in usable if row["split"] == split]
        if not of_split:
            reasons = ", ".join(f"{number} {reason}" for reason, number in counts(drops, split).most_common())
            written = f"{check.example}; " if check and check.example else ""
            raise UserError(
                f"no {split} utterance is left (dropped: {reasons or 'none'}): {written}use other voices or another base, "
                "or raise speech.check.errors (null turns the check off)."
            )
        yield from within(of_split, hours[split]) if hours else of_split
