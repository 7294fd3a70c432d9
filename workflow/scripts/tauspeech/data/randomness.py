"""Seeds and random generators, derived by hashing (seed, purpose, identifier); the only source of randomness."""

import hashlib
import random


def derive_seed(seed: int, *purpose: str) -> int:
    """63-bit seed that depends only on the arguments."""
    text = "\x1f".join([str(seed), *purpose])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def derive_rng(seed: int, *purpose: str) -> random.Random:
    """Random generator with a derived seed."""
    return random.Random(derive_seed(seed, *purpose))


def unit_interval(*identity: str) -> float:
    """Number in [0, 1) by hashing the identity, for random choices that are the same in all runs and for all seeds."""
    return derive_seed(0, *identity) / 2**63
