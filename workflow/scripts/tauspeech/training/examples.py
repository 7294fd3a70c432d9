"""Training examples: features and labels, computed when first used and cached."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch

from tauspeech.models.devices import device
from tauspeech.models.family import Example, SpeechModel, require_fit
from tauspeech.models.kept_features import KeptFeatures
from tauspeech.models.tasks import SpeechTask
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.pace import Pace

CACHE_BYTES = 6 * 2**30


class Examples(torch.utils.data.Dataset[Example]):
    """Each utterance with each of its tasks. Features are computed once for each utterance if ``kept`` is given."""

    def __init__(
        self,
        utterances: Iterable[tuple[dict[str, Any], list[SpeechTask]]],
        model: SpeechModel,
        kept: KeptFeatures | None = None,
    ):
        pairs = list(utterances)
        rows = [row for row, _ in pairs]
        self.model, self.kept = model, kept
        self.rows = rows
        self.items = [
            (index, task, _labels(model, row, task)) for index, (row, tasks) in enumerate(pairs) for task in tasks
        ]
        require_fit(model, rows)
        for index, _, labels in self.items:
            if (count := model.label_count(labels)) > model.longest_text:
                raise UserError(
                    f"the text of utterance {rows[index]['utterance']} has {count} tokens, and the model writes "
                    f"{model.longest_text} at most: shorten or remove it."
                )
        idle = sum(not model.is_alignable(rows[index]["seconds"], labels) for index, _, labels in self.items)
        if idle:
            print(f"{idle} of {len(self.items)} texts are too long for their speech and do not count", flush=True)
        if idle and idle == len(self.items):
            raise UserError(
                "every text is too long for its speech: give slower speech, or check that texts and audio belong together."
            )
        # Of features of equal length there is nothing to group.
        self.lengths = [rows[index]["seconds"] for index, _, _ in self.items] if model.varying_length else []
        self._cache: dict[tuple[int, bool], np.ndarray] = {}
        self._room = CACHE_BYTES

    def prepare(self) -> None:
        """Compute features that are kept, before a training needs memory and sets the precision of validation."""
        missing = (
            {index: task for index, task, _ in self.items if self.rows[index] not in self.kept} if self.kept else {}
        )
        if not self.kept or not missing:
            return
        self.model.network.to(device())
        pace = Pace("utterances encoded", len(missing))
        for index, task in missing.items():
            self.kept.get(self.model, self.rows[index], task)
            pace.add()

    def __len__(self) -> int:
        return len(self.items)

    def features(self, index: int, task: SpeechTask) -> np.ndarray:
        """Features of an utterance; tasks with the same input share them, and so do the epochs while memory allows."""
        if self.kept:
            return self.kept.get(self.model, self.rows[index], task)
        place = index, task.takes_text
        if place in self._cache:
            return self._cache[place]
        found = self.model.features_of(self.rows[index], task)
        if found.nbytes <= self._room:
            self._cache[place] = found
            self._room -= found.nbytes
        return found

    def __getitem__(self, position: int) -> Example:
        index, task, labels = self.items[position]
        return Example(self.features(index, task), labels)


def _labels(model: SpeechModel, row: dict[str, Any], task: SpeechTask) -> Any:
    try:
        return model.labels(model.target(row, task), task)
    except UserError as error:
        raise UserError(f"utterance {row['utterance']}: {error}") from None
