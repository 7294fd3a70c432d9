"""Tables of sentences by domain, with recordings of them: anyone's own data for the experiment syn2real.

Nothing heavy is imported, since the plan reads them, too.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tauspeech.data.dropped_utterances import Drop
from tauspeech.data.selection import in_seeded_order
from tauspeech.data.tables import SPLITS, read_user_table
from tauspeech.runtime.errors import UserError

COLUMNS = ("file", "text", "domain", "split")
REPEATED = "the same sentence is in another split"
_ORDER = ("test", "validation", "train")  # a sentence of two splits belongs to the first of these


@dataclass(frozen=True)
class SpokenSentence:
    """A sentence of a domain with its recordings, which may be none."""

    domain: str
    split: str
    text: str
    files: tuple[Path, ...]


def read_domain_table(table: Path, dropped: list[Drop] | None = None) -> list[SpokenSentence]:
    """The sentences of a table, in its order; rows with the same text are recordings of one sentence."""
    files: dict[tuple[str, str, str], list[Path]] = {}
    for where, row in read_user_table(table, COLUMNS):
        text, split = " ".join(row["text"].split()), row["split"]
        if split not in SPLITS:
            raise UserError(f"{where}: split '{split}' is unknown: use {', '.join(SPLITS)}.")
        for column in ("text", "domain"):
            if not row[column].strip():
                raise UserError(f"{where}: column '{column}' is empty: fill it in, or remove the row.")
        found = files.setdefault((row["domain"].strip(), split, text), [])
        if row["file"].strip():
            audio = table.parent / row["file"].strip()
            if not audio.is_file():
                raise UserError(
                    f"{where}: the audio file {audio} does not exist: check its path, which is relative to the table."
                )
            found.append(audio)
    first = {(domain, text): split for split in reversed(_ORDER) for domain, of, text in files if of == split}
    sentences = []
    for (domain, split, text), found in files.items():
        if first[domain, text] == split:
            sentences.append(SpokenSentence(domain, split, text, tuple(found)))
        elif dropped is not None:
            dropped += [Drop(split, file.name, REPEATED) for file in found] or [Drop(split, text, REPEATED)]
    return sentences


def chosen_sentences(
    sentences: Iterable[SpokenSentence], domain: str, counts: Mapping[str, int], seed: int
) -> dict[str, list[SpokenSentence]]:
    """Sentences of a domain by split, at most so many, in a random order of the seed.

    Texts for synthetic speech and recordings are chosen alike, so that both have the same sentences.
    """
    of_domain = [sentence for sentence in sentences if sentence.domain == domain]
    return {
        split: in_seeded_order(
            (each for each in of_domain if each.split == split), lambda sentence: sentence.text, seed, domain
        )[: counts[split]]
        for split in SPLITS
    }
