"""Behaviour that all engines share."""

import numpy as np
import torch

TEXT = "hello there, old world"


def keeps_its_word(engine, speaker, rate, reopened=None, draws_lots=True):
    """The same sound for the same arguments, before and after others and in another engine of the same model."""
    state = torch.get_rng_state()
    first = engine.synthesise(TEXT, speaker, 7)
    assert first.rate == rate
    assert first.samples.dtype == np.float32
    assert first.samples.ndim == 1
    assert len(first.samples) > 0
    assert np.isfinite(first.samples).all()
    assert np.any(first.samples)
    engine.synthesise("quite another text", speaker, 3)
    engine.synthesise("and a third", speaker, 7)
    np.testing.assert_array_equal(engine.synthesise(TEXT, speaker, 7).samples, first.samples)
    if reopened:
        np.testing.assert_array_equal(reopened.synthesise(TEXT, speaker, 7).samples, first.samples)
    if draws_lots:
        assert not np.array_equal(engine.synthesise(TEXT, speaker, 8).samples, first.samples)
    torch.testing.assert_close(torch.get_rng_state(), state)
