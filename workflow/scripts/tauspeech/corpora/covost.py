"""CoVoST 2: recorded sentences of Common Voice in 21 languages, and their translation into English.

The source is `{common_voice, translations}`, two folders on disk, or `{mirror}`, Parquet files in a folder or on
the hub; `min_seconds` and `max_seconds` may stand beside. Where a clip stands in two splits, the test set
keeps it, then the validation set.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tauspeech.corpora.clip import Clip
from tauspeech.corpora.common_voice import CommonVoice
from tauspeech.corpora.covost_codes import covost_code, whisper_code
from tauspeech.corpora.mirror import Mirror
from tauspeech.corpora.utterance import manifest_row
from tauspeech.data.dropped import Drop, Unusable, counts
from tauspeech.data.selection import Lengths, by_lot, within
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.pace import Pace

ENGINE = "covost2"
ORDER = ("test", "validation", "train")


def _open(source: dict[str, Any], language: str, seed: int, dropped: list[Drop]) -> CommonVoice | Mirror:
    code = covost_code(language)
    if "mirror" in source:
        return Mirror(source["mirror"], code, seed)
    folders = {}
    for key in ("common_voice", "translations"):
        if key not in source:
            raise UserError(
                f"the source of CoVoST 2 has no key '{key}': give common_voice and translations, or mirror."
            )
        folders[key] = Path(source[key]).expanduser()
    return CommonVoice(folders["common_voice"], folders["translations"], (code, whisper_code(code)), dropped)


def _lengths(source: dict[str, Any]) -> Lengths:
    default = Lengths()
    return Lengths(source.get("min_seconds", default.shortest), source.get("max_seconds", default.longest))


@dataclass
class _Reading:
    """One language of the corpus, a split after the other."""

    corpus: CommonVoice | Mirror
    language: str
    lengths: Lengths
    seed: int
    dropped: list[Drop]
    seen: set[str] = field(default_factory=set)

    def rows(self, split: str, hours: float) -> Iterator[dict[str, Any]]:
        number, seconds = 0, 0.0
        for row in within(self._usable(split), hours):
            number, seconds = number + 1, seconds + row["seconds"]
            yield row
        if not number:
            reasons = counts(self.dropped, split).most_common()
            raise UserError(
                f"{self.corpus.place} leaves no {split} speech of '{self.language}' for {hours:g} hours "
                f"({', '.join(f'{count} {reason}' for reason, count in reasons) or 'nothing was dropped'}): check that "
                "clips and translations are of one release, or ask for more hours."
            )
        passed = sum(drop.split == split for drop in self.dropped)
        spoken = f"{seconds / 3600:.2f} of {hours:g} hours"
        print(f"{self.language} {split}: {spoken}, {number} utterances, {passed} dropped", flush=True)

    def _usable(self, split: str) -> Iterator[dict[str, Any]]:
        """Rows in an order by lot, each listened to only when it is asked for."""
        pace = Pace(f"clips of {split}")
        for block in self.corpus.blocks(split):
            clips = by_lot(self._unique(block), lambda clip: clip.stem, self.seed, whisper_code(self.language))
            for clip, sound in self.corpus.sounds(clips):
                pace.add()
                try:
                    row = manifest_row(clip, sound, self.language, self.lengths, ENGINE)
                except Unusable as reason:
                    self.dropped.append(Drop(split, clip.name, str(reason)))
                else:
                    yield row

    def _unique(self, clips: list[Clip]) -> Iterator[Clip]:
        for clip in clips:
            if clip.stem in self.seen:
                self.dropped.append(Drop(clip.split, clip.name, "duplicate path"))
            else:
                self.seen.add(clip.stem)
                yield clip


def rows(
    source: dict[str, Any], language: str, hours: dict[str, float], seed: int, dropped: list[Drop]
) -> Iterator[dict[str, Any]]:
    """Rows of the manifest, up to the hours of each split; one without hours is left out.

    ``dropped`` grows by what was passed over, and is complete when the last row was taken.
    """
    for split in hours:
        if split not in ORDER:
            raise UserError(f"CoVoST 2 has no split '{split}': give hours of train, validation and test.")
    reading = _Reading(_open(source, language, seed, dropped), language, _lengths(source), seed, dropped)
    for split in ORDER:
        if hours.get(split):
            yield from reading.rows(split, hours[split])
