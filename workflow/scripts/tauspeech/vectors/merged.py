"""Facts about merged weights after they were written, for the receipt."""

import math
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Merged:
    """Hashes and measurements of the tensors of a merged model or adapter."""

    digests: dict[str, str] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    rounding: dict[str, tuple[float, float]] = field(default_factory=dict)  # squared norms: rounding error, change

    @property
    def rounding_loss(self) -> float:
        """Norm of the error by rounding to the output's types, as a fraction of the norm of the change."""
        lost = math.fsum(lost for lost, _ in self.rounding.values())
        changed = math.fsum(changed for _, changed in self.rounding.values())
        return math.sqrt(lost / changed) if changed else 0.0
