"""CoVoST 2 as its authors publish it: clips of Common Voice on disk, and tables of translations.

The tables are either `validated.tsv` and `covost_v2.<code>_en.tsv` (or `covost_v2.en_<code>.tsv`), which are joined by `path`, or the output of
CoVoST's get_covost_splits.py, `covost_v2.<code>_en.{train,dev,test}.tsv`.
"""

from collections.abc import Iterator
from pathlib import Path

from tauspeech.corpora.clip import Clip
from tauspeech.corpora.tables import read_columns
from tauspeech.corpora.utterance import AudioSource
from tauspeech.data.dropped_utterances import ANY, Drop
from tauspeech.runtime.errors import UserError

# Rows of other splits do not belong to CoVoST 2.
SPLIT_OF = {"train": "train", "train_covost": "train", "dev": "validation", "test": "test"}
FILE_OF = {"train": "train", "validation": "dev", "test": "test"}


class CommonVoice:
    """Clips of one language in folders of Common Voice and CoVoST."""

    def __init__(
        self, common_voice: Path, translations: Path, codes: tuple[str, ...], dropped: list[Drop], target: str = "en"
    ) -> None:
        """``codes``: CoVoST's code of the language, then others that folders may have as their name."""
        self.pair, self.dropped, self.translations = f"covost_v2.{codes[0]}_{target}", dropped, translations
        # Early archives of a language unpack into the current folder.
        homes = [*dict.fromkeys(common_voice / code for code in codes), common_voice]
        home = next((folder for folder in homes if (folder / "clips").is_dir()), None)
        if home is None:
            looked = " or ".join(str(folder / "clips") for folder in homes)
            raise UserError(
                f"{looked} does not exist: unpack '{codes[0]}' of Common Voice Corpus 4, from the Mozilla Data "
                "Collective, there, or give a mirror of CoVoST 2 such as fixie-ai/covost2."
            )
        self.home = home
        self.place = f"{home} with {translations / self.pair}*.tsv"
        self.joined = self._join() if self._is_raw() else None

    def _is_raw(self) -> bool:
        raw, validated = self.translations / f"{self.pair}.tsv", self.home / "validated.tsv"
        if raw.is_file() and validated.is_file():
            return True
        if any(self._split_file(split).is_file() for split in FILE_OF):
            return False
        if raw.is_file():
            raise UserError(f"{validated} does not exist: unpack all of Common Voice's archive, which contains it.")
        raise UserError(
            f"neither {raw} nor {self._split_file('train').name} beside it exists: download and unpack "
            f"https://dl.fbaipublicfiles.com/covost/{self.pair}.tsv.tar.gz there."
        )

    def _split_file(self, split: str) -> Path:
        return self.translations / f"{self.pair}.{FILE_OF[split]}.tsv"

    def _clip(self, split: str, path: str, sentence: str, translation: str, client: str) -> Clip:
        file = self.home / "clips" / Path(path).name  # a path in a table must not leave the folder
        return Clip(split, path, sentence, translation, client, file)

    def _join(self) -> list[Clip]:
        """Inner join of translations and clips; clips that a later release of Common Voice lacks are dropped and listed."""
        raw, validated = self.translations / f"{self.pair}.tsv", self.home / "validated.tsv"
        rows = read_columns(raw, ("path", "translation", "split"), ANY, self.dropped)
        translated = [(path, text, SPLIT_OF[split]) for path, text, split in rows if split in SPLIT_OF]
        splits = {path: split for path, _, split in translated}
        recorded: dict[str, tuple[str, str]] = {}
        for path, sentence, client in read_columns(validated, ("path", "sentence", "client_id"), ANY, self.dropped):
            if path in recorded:
                self.dropped.append(Drop(splits[path], path, "duplicate path"))
            elif path in splits:
                recorded[path] = sentence, client
        clips = []
        for path, text, split in translated:
            if path in recorded:
                sentence, client = recorded[path]
                clips.append(self._clip(split, path, sentence, text, client))
            else:
                self.dropped.append(Drop(split, path, "not in validated.tsv"))
        return clips

    def blocks(self, split: str) -> Iterator[list[Clip]]:
        """All clips of the split as one group, within which clips are shuffled."""
        if self.joined is not None:
            yield [clip for clip in self.joined if clip.split == split]
            return
        path, columns = self._split_file(split), ("path", "sentence", "translation", "client_id")
        if not path.is_file():
            raise UserError(f"{path} does not exist, but other splits do: make it with CoVoST's get_covost_splits.py.")
        yield [self._clip(split, *row) for row in read_columns(path, columns, split, self.dropped)]

    def audio(self, clips: list[Clip]) -> Iterator[tuple[Clip, AudioSource]]:
        """Clips with the path of their audio, in order."""
        for clip in clips:
            yield clip, clip.file if clip.file.is_file() else None
