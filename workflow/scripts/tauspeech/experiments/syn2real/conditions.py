"""Conditions of speech, and pairs of them: what a domain's speech is, and which difference a vector holds."""

from dataclasses import dataclass

RECORDED, PSEUDO, SYNTHETIC = "recorded", "pseudo", "synthetic"


def synthetic(engine: str) -> str:
    """The condition of synthetic speech; the run's own voices have no engine name."""
    return f"{SYNTHETIC}-{engine}" if engine else SYNTHETIC


@dataclass(frozen=True)
class Pair:
    """Two conditions, and the vector between them.

    The vector is the difference between fine-tunes of the sources' speech in the conditions ``wanted`` and ``given``. It is
    added to a model that is fine-tuned on the target's speech as it is ``given``: on top of a model of the sources in the
    conditions ``source``, or of the base where these are none.
    """

    name: str
    wanted: str
    given: str
    source: tuple[str, ...] = ()


def syn2real(engine: str = "") -> Pair:
    """Recorded less synthetic speech, for a target with synthetic speech (equations 1 and 2 of the paper)."""
    given = synthetic(engine)
    return Pair(f"syn2real-{engine}" if engine else "syn2real", RECORDED, given, (RECORDED, given))


# True labels less the base's own labels of the same recordings, for a target whose recordings have the latter alone.
PSEUDO2REAL = Pair("pseudo2real", RECORDED, PSEUDO)
