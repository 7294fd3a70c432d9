"""Batches of similar lengths."""

from hypothesis import given
from hypothesis import strategies as st

from tauspeech.training.sampling import SimilarLengths

LENGTHS = st.lists(st.floats(0.1, 30), min_size=1, max_size=400)


@given(LENGTHS, st.integers(1, 9), st.integers(0, 5))
def test_every_example_is_drawn_once_in_every_epoch(lengths, batch, epoch):
    sampler = SimilarLengths(lengths, batch, seed=1)
    sampler.set_epoch(epoch)
    order = list(sampler)
    assert sorted(order) == list(range(len(lengths)))
    assert list(sampler) == order  # so that a resumed training draws the same


def test_a_batch_has_little_padding_and_epochs_differ():
    lengths = [1 + (number * 37 % 1000) / 100 for number in range(1000)]
    sampler = SimilarLengths(lengths, 10, seed=1)
    orders = []
    for epoch in (0, 1):
        sampler.set_epoch(epoch)
        orders.append(list(sampler))
    assert orders[0] != orders[1]
    batches = [[lengths[each] for each in orders[0][start : start + 10]] for start in range(0, 1000, 10)]
    padding = sum(max(batch) * 10 - sum(batch) for batch in batches) / sum(lengths)
    assert padding < 0.05
    assert [max(batch) for batch in batches] != sorted((max(batch) for batch in batches), reverse=True)
