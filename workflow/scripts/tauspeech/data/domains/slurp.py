"""SLURP as it is published: dataset/slurp/<split>.jsonl and metadata.json, and audio/slurp_real with FLAC files.

A domain is a `scenario`. Recordings by the distant microphone have the names of those by the headset, without
"-headset". train_synthetic.jsonl, whose audio was synthesised, is not read.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tauspeech.data.domains.listing import DomainRecording, ListedSentence
from tauspeech.runtime.errors import UserError

FILES = ("train", "devel", "test")


def of_microphone(name: str, mic: str) -> bool:
    """True if a recording of this name belongs to the microphone: all, headset or distant."""
    return mic == "all" or ("-headset" in name) == (mic == "headset")


def slurp_rows(folder: Path, mic: str) -> Iterator[ListedSentence]:
    texts, audio = folder / "dataset" / "slurp", folder / "audio" / "slurp_real"
    for place, what in ((texts, "git repository"), (audio, "archive slurp_real.tar.gz")):
        if not place.is_dir():
            raise UserError(f"{place} does not exist: give SLURP's folder, which has its {what} there.")
    speakers = _speakers(texts / "metadata.json")
    for split in FILES:
        path = texts / f"{split}.jsonl"
        if not path.is_file():
            raise UserError(f"{path} does not exist: copy it from SLURP's git repository.")
        for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
            if line.strip():
                yield _row(line, f"{path}, line {number}", split, audio, mic, speakers)


def _row(
    line: bytes, where: str, split: str, audio: Path, mic: str, speakers: dict[str, dict[str, str]]
) -> ListedSentence:
    try:
        found = json.loads(line)
        known = speakers.get(str(found["slurp_id"]), {})
        names = [str(recording["file"]) for recording in found["recordings"]]
        text, domain = str(found["sentence"]), str(found["scenario"])
    except ValueError:
        raise UserError(f"{where} is not JSON: copy the file from SLURP's git repository again.") from None
    except (KeyError, TypeError) as error:
        raise UserError(
            f"{where} lacks slurp_id, sentence, scenario or recordings ({error}): copy the file from SLURP's git "
            "repository again."
        ) from None
    # A name in the list must not leave the folder.
    recordings = [
        DomainRecording(name, audio / Path(name).name, speaker=known.get(name, ""))
        for name in names
        if of_microphone(name, mic)
    ]
    return ListedSentence(domain, split, text, f"{split} {found['slurp_id']}", recordings)


def _speakers(path: Path) -> dict[str, dict[str, str]]:
    """Speakers of recordings by sentence and file; some recordings have none."""
    if not path.is_file():
        raise UserError(f"{path} does not exist: copy it from SLURP's git repository.")
    try:
        content: dict[str, Any] = json.loads(path.read_bytes())
        return {
            id: {file: str(each.get("usrid") or "") for file, each in (sentence.get("recordings") or {}).items()}
            for id, sentence in content.items()
        }
    except (ValueError, AttributeError):
        raise UserError(f"{path} is not SLURP's metadata: copy it from SLURP's git repository again.") from None
