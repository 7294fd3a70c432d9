"""A set that engines have said in stages of their own: their shares put together, and broken audio turned away.

Neural engines now and then babble, stop half-way or stay silent. The base model tells: where it hears something
else than the sentence, the utterance goes. The rare word does not count, since the base is not to know it.
"""

from collections.abc import Iterator
from typing import Any

from tauspeech.data import manifest
from tauspeech.data.dropped import Drop, counts, read_dropped
from tauspeech.data.selection import within
from tauspeech.data.tables import read_table
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.job import Job

DIFFERENT_TEXT = "the base model hears something else"
TOO_LONG = "longer than the base model hears at once"


def rows(job: Job, drops: list[Drop]) -> Iterator[dict[str, Any]]:
    settings, hours = job.settings, job.settings["hours"]
    shares = job.inputs("voiced").values()
    said = {row["utterance"]: row for path in shares for row in manifest.read(path)}
    drops += [drop for path in shares for drop in read_dropped(path.with_suffix(".dropped.tsv"))]
    order = [row for row in read_table(job.input("text")) if row["utterance"] in said]
    sentences = [said[row["utterance"]] for row in order]
    fit = _intelligible(job, sentences, drops) if settings["check"] else sentences
    for split in dict.fromkeys(row["split"] for row in read_table(job.input("text"))):
        found = [row for row in fit if row["split"] == split]
        if not found:
            reasons = ", ".join(f"{number} {reason}" for reason, number in counts(drops, split).most_common())
            raise UserError(
                f"no {split} utterance is left (dropped: {reasons or 'none'}): listen to the voices in the report, take "
                "others, or raise speech.check.errors (null turns the check off)."
            )
        yield from within(found, hours[split]) if hours else found


def _intelligible(job: Job, sentences: list[dict[str, Any]], drops: list[Drop]) -> list[dict[str, Any]]:
    import torch

    from tauspeech.models.decoding import Decoder
    from tauspeech.models.tasks import speech_task
    from tauspeech.models.whisper.family import load
    from tauspeech.speech.round_trip import character_errors

    torch.set_num_threads(job.threads)
    settings, language = job.settings, job.settings["language"]
    decoder = Decoder(*load(job.input("base", ".")), settings["check"])
    short = [row for row in sentences if decoder.fits_window(row)]
    drops += [Drop(row["split"], row["utterance"], TOO_LONG) for row in sentences if not decoder.fits_window(row)]
    heard = decoder.decode(short, speech_task("transcribe", language, language))
    forms = tuple(settings["check"]["word"].get(language, ()))
    fit = []
    for row, text in zip(short, heard, strict=True):
        if character_errors(row[language], text, forms, language) > settings["check"]["errors"]:
            drops.append(Drop(row["split"], row["utterance"], DIFFERENT_TEXT))
        else:
            fit.append(row)
    print(f"{len(fit)} of {len(sentences)} utterances are what the base model hears", flush=True)
    return fit
