"""CoVoST 2: recorded sentences of Common Voice in 21 languages with translations into English, or in English into 15.

The source has the keys `common_voice` and `translations` (two folders on disk), or `mirror` (Parquet files in a folder
or on the hub), and optionally `min_seconds` and `max_seconds`. A clip that is listed in two splits belongs to the test
set, else to the validation set.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tauspeech.corpora.clip import Clip
from tauspeech.corpora.common_voice import CommonVoice
from tauspeech.corpora.covost_codes import covost_pair, whisper_code
from tauspeech.corpora.mirror import Mirror
from tauspeech.corpora.utterance import manifest_row
from tauspeech.data.dropped_utterances import Drop, Unusable, counts
from tauspeech.data.selection import Lengths, in_seeded_order, within
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.pace import Pace

ENGINE = "covost2"
ORDER = ("test", "validation", "train")


def _open(source: dict[str, Any], language: str, seed: int, dropped: list[Drop], target: str) -> CommonVoice | Mirror:
    code, into = covost_pair(language, target)
    if "mirror" in source:
        return Mirror(source["mirror"], code, seed, into)
    folders = {}
    for key in ("common_voice", "translations"):
        if key not in source:
            raise UserError(
                f"the source of CoVoST 2 has no key '{key}': give common_voice and translations, or mirror."
            )
        folders[key] = Path(source[key]).expanduser()
    return CommonVoice(folders["common_voice"], folders["translations"], (code, whisper_code(code)), dropped, into)


def _lengths(source: dict[str, Any]) -> Lengths:
    default = Lengths()
    return Lengths(source.get("min_seconds", default.shortest), source.get("max_seconds", default.longest))


@dataclass
class _CorpusReader:
    """Reads one language of the corpus, split by split."""

    corpus: CommonVoice | Mirror
    language: str
    lengths: Lengths
    seed: int
    dropped: list[Drop]
    target: str = "en"
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
                f"(dropped: {', '.join(f'{count} {reason}' for reason, count in reasons) or 'none'}): check that clips and "
                "translations belong to the same release, or increase the hours."
            )
        dropped = sum(drop.split == split for drop in self.dropped)
        duration = f"{seconds / 3600:.2f} of {hours:g} hours"
        print(f"{self.language} {split}: {duration}, {number} utterances, {dropped} dropped", flush=True)

    def _usable(self, split: str) -> Iterator[dict[str, Any]]:
        """Usable clips as rows in random order; audio is decoded lazily."""
        pace = Pace(f"clips of {split}")
        for block in self.corpus.blocks(split):
            clips = in_seeded_order(self._unique(block), lambda clip: clip.stem, self.seed, whisper_code(self.language))
            for clip, source in self.corpus.audio(clips):
                pace.add()
                try:
                    row = manifest_row(clip, source, (self.language, self.target), self.lengths, ENGINE)
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
    source: dict[str, Any],
    language: str,
    hours: dict[str, float],
    seed: int,
    dropped: list[Drop],
    target: str = "en",
) -> Iterator[dict[str, Any]]:
    """Yield rows of the manifest, up to the hours of each split; splits without hours are omitted.

    Unusable clips are appended to ``dropped``, which is complete after the last row.
    """
    for split in hours:
        if split not in ORDER:
            raise UserError(f"CoVoST 2 has no split '{split}': give hours for train, validation and test.")
    corpus = _open(source, language, seed, dropped, target)
    reader = _CorpusReader(corpus, language, _lengths(source), seed, dropped, target)
    for split in ORDER:
        if hours.get(split):
            yield from reader.rows(split, hours[split])
