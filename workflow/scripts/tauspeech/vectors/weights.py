"""Coefficients of vectors: one number, or one for each part of the model."""

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tauspeech.runtime.errors import UserError

_LARGEST = sys.float_info.max


@dataclass(frozen=True)
class Weight:
    """A number for all tensors, or one for each part of their names; the first part that matches decides.

    A part is one or more whole names between dots (``encoder``, ``decoder.layers.3``), so that ``encoder`` does not match
    a decoder's ``encoder_attn``; or, between slashes, a regular expression (``/layers\\.[0-5]\\./``).
    """

    number: float = 1.0
    parts: tuple[tuple[str, float], ...] = ()

    @classmethod
    def parse(cls, value: float | Mapping[str, float], where: str) -> "Weight":
        if not isinstance(value, Mapping):
            return cls(finite(value, where))
        parts = {str(part): finite(number, f"{where} of {part}") for part, number in value.items()}
        rest = parts.pop("default", 1.0)
        for part in parts:
            _pattern(part, where)
        return cls(rest, tuple(parts.items()))

    def of(self, name: str) -> float:
        for part, number in self.parts:
            if _pattern(part, "weight").search(name):
                return number
        return self.number

    def refuse_unused(self, names: Iterable[str], where: str) -> None:
        names = list(names)
        for part, _ in self.parts:
            if not any(_pattern(part, where).search(name) for name in names):
                raise UserError(
                    f"The {where} names {part!r}, which no tensor has in its name; see `tauspeech inspect`."
                )

    def as_recipe(self) -> float | dict[str, float]:
        return {**dict(self.parts), "default": self.number} if self.parts else self.number


def _pattern(part: str, where: str) -> re.Pattern[str]:
    if len(part) > 1 and part.startswith("/") and part.endswith("/"):
        try:
            return re.compile(part[1:-1])
        except re.error as error:
            raise UserError(f"The {where} has {part!r}, which is not a valid regular expression: {error}.") from None
    return re.compile(rf"(?:^|\.){re.escape(part)}(?:\.|$)")


def finite(value: object, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _LARGEST:
        raise UserError(f"The {what} is {value!r}; give a finite number.")
    return float(value)
