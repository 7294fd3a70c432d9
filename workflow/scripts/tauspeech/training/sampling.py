"""Order of the training examples of models whose features have the length of their audio."""

from collections.abc import Iterator, Sequence

import torch

BATCHES = 50  # batches that are drawn together and sorted by length


class SimilarLengths(torch.utils.data.Sampler[int]):
    """A random order in which the examples of a batch have similar lengths, so that little of a batch is padding.

    It is determined by the seed and the epoch, so that a resumed training continues with the same batches.
    """

    def __init__(self, lengths: Sequence[float], batch: int, seed: int):
        self.lengths, self.batch, self.seed = lengths, batch, seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.lengths)

    def __iter__(self) -> Iterator[int]:
        rng = torch.Generator().manual_seed(self.seed + self.epoch)
        order = torch.randperm(len(self.lengths), generator=rng).tolist()
        batches = []
        for start in range(0, len(order), self.batch * BATCHES):
            drawn = sorted(order[start : start + self.batch * BATCHES], key=lambda example: -self.lengths[example])
            batches += [drawn[first : first + self.batch] for first in range(0, len(drawn), self.batch)]
        # The last batch of an epoch may be smaller; it must stay the last, since batches are cut from the whole order.
        short = [batch for batch in batches if len(batch) < self.batch]
        full = [batch for batch in batches if len(batch) == self.batch]
        for position in torch.randperm(len(full), generator=rng).tolist():
            yield from full[position]
        for batch in short:
            yield from batch
