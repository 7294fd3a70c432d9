"""CoVoST 2 as Parquet files that contain audio, such as fixie-ai/covost2, in a folder or on the hub.

The files are `<code>_en/<split>-*.parquet` or `<code>_en/<split>/*.parquet`. pyarrow reads them and soundfile
decodes the audio, because `datasets` decodes only with torchcodec. Files on the hub are downloaded one by one in a
random order until the hours are reached, and clips are shuffled within one file: a few hours of a large language need
one or two files. Clips of a folder are shuffled over all files, which gives the same order as Common Voice on disk.
"""

import io
import re
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tauspeech.corpora.clip import Clip
from tauspeech.corpora.parquet_audio import AHEAD, broken, encoded_audio
from tauspeech.corpora.utterance import AudioSource
from tauspeech.data.hub_files import fetch_file, list_files
from tauspeech.data.selection import in_seeded_order
from tauspeech.remote.hub import is_hub_id
from tauspeech.runtime.errors import UserError

TEXTS = ("id", "sentence", "translation", "client_id")


class Mirror:
    """A mirror of CoVoST 2 for one language: a folder or a data set of the hub."""

    def __init__(self, name: str, code: str, seed: int, target: str = "en") -> None:
        self.name, self.code, self.seed, self.pair = name, code, seed, f"{code}_{target}"
        self.folder = Path(name).expanduser()
        self.on_hub = not self.folder.exists() and is_hub_id(name)
        if not self.on_hub and not self.folder.is_dir():
            raise UserError(
                f"the mirror of CoVoST 2, {name}, is neither a folder nor a data set of the hub: give one such as "
                "fixie-ai/covost2."
            )
        self.place = f"{name}, {code}_en"
        self.files = list_files(name) if self.on_hub else self._local_files()

    def _local_files(self) -> list[str]:
        found = self.folder.glob(f"{self.pair}/**/*.parquet")
        return [path.relative_to(self.folder).as_posix() for path in found]

    def _files_of(self, split: str) -> list[str]:
        pattern = re.compile(rf"{re.escape(self.pair)}/{split}(-[^/]*|/[^/]*)\.parquet")
        found = sorted(file for file in self.files if pattern.fullmatch(file))
        if not found:
            raise UserError(
                f"{self.name} contains neither {self.pair}/{split}-*.parquet nor {self.pair}/{split}/*.parquet: "
                "give a mirror of CoVoST 2 with the layout of fixie-ai/covost2."
            )
        return found

    def blocks(self, split: str) -> Iterator[list[Clip]]:
        """Groups of clips within which clips are shuffled."""
        files = self._files_of(split)
        if self.on_hub:
            for file in in_seeded_order(files, str, self.seed, self.code):
                yield _clips(fetch_file(self.name, file), split)
        else:
            yield [clip for file in files for clip in _clips(self.folder / file, split)]

    def audio(self, clips: list[Clip]) -> Iterator[tuple[Clip, AudioSource]]:
        """Clips with their encoded audio, in order."""
        for start in range(0, len(clips), AHEAD):
            portion = clips[start : start + AHEAD]
            audio = encoded_audio((clip.file, clip.row) for clip in portion)
            for clip in portion:
                data = audio[clip.file, clip.row]
                yield clip, None if data is None else io.BytesIO(data)


def _clips(path: Path, split: str) -> list[Clip]:
    try:
        with pq.ParquetFile(path) as parquet:
            for column in (*TEXTS, "audio"):
                if column not in parquet.schema_arrow.names:
                    raise UserError(
                        f"{path} has no column '{column}': give a mirror with the layout of fixie-ai/covost2."
                    )
            rows = parquet.read(columns=list(TEXTS)).select(TEXTS).to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise broken(path, error) from None
    return [
        Clip(split, name or "", sentence or "", translation or "", client or "", path, number)
        for number, (name, sentence, translation, client) in enumerate(map(itemgetter(*TEXTS), rows))
    ]
