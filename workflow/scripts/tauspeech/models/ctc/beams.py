"""Prefix beam search over the label probabilities of a CTC model, by flashlight-text."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tauspeech.runtime.errors import UserError

LABELS_OF_FRAME = 40  # the most probable labels of a frame, which alone are tried
SCORE_MARGIN = 25.0  # prefixes whose score is this much below the best are dropped


def best_labels(log_probabilities: Sequence[np.ndarray], blank: int, beams: int) -> list[list[int]]:
    """For each utterance, the labels whose alignments together are the most probable, without blanks."""
    decoder = _decoder(blank, beams)
    return [_decode(decoder, frames, blank) for frames in log_probabilities]


def _decoder(blank: int, beams: int) -> Any:
    try:
        from flashlight.lib.text import decoder
    except ImportError:
        raise UserError(
            "the beam search of CTC models needs the package flashlight-text, which is made for Python 3.11 and 3.12: use "
            "one of these, or set decoding.beams to 1."
        ) from None
    options = decoder.LexiconFreeDecoderOptions(
        beam_size=beams,
        beam_size_token=LABELS_OF_FRAME,
        beam_threshold=SCORE_MARGIN,
        lm_weight=0.0,
        sil_score=0.0,
        log_add=True,  # alignments of the same labels are summed
        criterion_type=decoder.CriterionType.CTC,
    )
    # The decoder has a "silence" label for spaces between words, whose score is 0 here: any label serves.
    return decoder.LexiconFreeDecoder(options, decoder.ZeroLM(), blank, blank, [])


def _decode(decoder: Any, frames: np.ndarray, blank: int) -> list[int]:
    frames = np.ascontiguousarray(frames, np.float32)
    (best, *_) = decoder.decode(frames.ctypes.data, *frames.shape)
    return collapsed(best.tokens, blank)


def collapsed(path: Sequence[int], blank: int) -> list[int]:
    """Labels of an alignment: repetitions count once, blanks not at all."""
    found, last = [], blank
    for label in map(int, path):
        if label not in (blank, last):
            found.append(label)
        last = label
    return found
