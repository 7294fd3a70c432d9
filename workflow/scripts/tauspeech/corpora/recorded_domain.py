"""Recordings of a domain from a table: a row of the manifest for each recording of each sentence."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tauspeech.data.audio import RATE, encode_audio, read, silent
from tauspeech.data.domain_tables import chosen_sentences, read_domain_table
from tauspeech.data.dropped_utterances import Drop
from tauspeech.data.selection import Lengths
from tauspeech.data.takes import take_id
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.job import Job
from tauspeech.runtime.pace import Pace


def rows(job: Job, dropped: list[Drop]) -> Iterator[dict[str, Any]]:
    """Yield rows; recordings that cannot be used are appended to ``dropped``."""
    settings, source, (language,) = job.settings, job.settings["source"], job.settings["languages"]
    sentences = read_domain_table(Path(source["table"]).expanduser(), dropped)
    chosen = chosen_sentences(sentences, source["domain"], settings["counts"], job.seed)
    lengths, pace = Lengths(longest=settings["longest"]), Pace("recordings")
    for split, found in chosen.items():
        usable = 0
        for number, sentence in enumerate(found):
            for take, file in enumerate(sentence.files[: settings["takes"]], 1):
                pace.add()
                samples = read(file)
                reason = "silent" if silent(samples) else lengths.fault(len(samples) / RATE)
                if reason:
                    dropped.append(Drop(split, file.name, reason))
                    continue
                usable += 1
                id = take_id(f"{source['domain']}-{split}-{number:05d}", take)
                about = {"utterance": id, "split": split, "word_id": "", language: sentence.text}
                audio = {"bytes": encode_audio(samples), "path": file.name}
                sound = {"audio": audio, "seconds": len(samples) / RATE, "voice": "recording", "engine": "recording"}
                yield about | sound
        if not usable and any(sentence.files for sentence in found):
            raise UserError(
                f"{source['table']} leaves no {split} recording of {source['domain']}: all are silent, too short or too long."
            )
