"""All randomness comes from here: a seed for each purpose and identifier, by hashing."""

import hashlib
import random


def derive_seed(seed: int, *purpose: str) -> int:
    """A 63-bit seed that depends on nothing but its arguments."""
    text = "\x1f".join([str(seed), *purpose])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def derive_rng(seed: int, *purpose: str) -> random.Random:
    return random.Random(derive_seed(seed, *purpose))


def unit_interval(*identity: str) -> float:
    """A number in [0, 1) that belongs to the identity, for lots that hold across runs and seeds."""
    return derive_seed(0, *identity) / 2**63
