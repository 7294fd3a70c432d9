"""Takes: several utterances of one sentence, by their names."""

import re

_FURTHER = re.compile(r"--take\d+$")


def take_id(utterance: str, number: int) -> str:
    """Name of a take, from 1 on; the first has the sentence's own name."""
    return utterance if number == 1 else f"{utterance}--take{number}"


def sentence_id(utterance: str) -> str:
    """Name of the sentence that an utterance is a take of."""
    return _FURTHER.sub("", utterance)
