"""Training examples: features and labels, made when first asked for and kept."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from transformers import WhisperProcessor

from tauspeech.runtime.errors import UserError
from tauspeech.models.tasks import Lesson
from tauspeech.models.whisper.family import check_lengths, features, labels
from tauspeech.data.audio import decode

CACHE_BYTES = 6 * 2**30


class Examples(torch.utils.data.Dataset):
    """Each utterance with each of its lessons."""

    def __init__(
        self,
        taught: Iterable[tuple[dict[str, Any], list[Lesson]]],
        processor: WhisperProcessor,
        longest_text: int,
    ):
        taught = list(taught)
        rows = [row for row, _ in taught]
        self.processor = processor
        self.audio = [row["audio"]["bytes"] for row in rows]
        self.items = [
            (index, labels(processor, row[lesson.written], lesson.prompt, lesson.task))
            for index, (row, lessons) in enumerate(taught)
            for lesson in lessons
        ]
        check_lengths(processor, rows)
        for index, ids in self.items:
            if len(ids) > longest_text:
                raise UserError(
                    f"the text of utterance {rows[index]['utterance']} has {len(ids)} tokens and the model writes {longest_text} at most."
                )
        self._cache: dict[int, np.ndarray] = {}
        self._room = CACHE_BYTES

    def __len__(self) -> int:
        return len(self.items)

    def heard(self, index: int) -> np.ndarray:
        """Features of an utterance; its lessons share them, and so do the epochs while memory allows."""
        if index in self._cache:
            return self._cache[index]
        found = features(self.processor, decode(self.audio[index]))
        if found.nbytes <= self._room:
            self._cache[index] = found
            self._room -= found.nbytes
        return found

    def __getitem__(self, position: int) -> dict[str, Any]:
        index, ids = self.items[position]
        return {"input_features": self.heard(index), "labels": ids}


def collate(examples: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
    longest = max(len(example["labels"]) for example in examples)
    padded = [example["labels"] + [-100] * (longest - len(example["labels"])) for example in examples]
    heard = np.stack([example["input_features"] for example in examples])
    return {"input_features": torch.from_numpy(heard), "labels": torch.tensor(padded)}
