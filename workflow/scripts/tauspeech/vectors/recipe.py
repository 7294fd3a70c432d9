"""A merge recipe, read and checked: base, method, options, and vectors with their weights."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tauspeech.data.schemas import checked
from tauspeech.runtime.errors import UserError, one_line
from tauspeech.vectors.methods import METHODS
from tauspeech.vectors.weights import Weight, finite

_SCHEMA = Path(__file__).with_name("recipe.schema.yaml")
_GIVEN_BY_ENGINE = ("seed", "execution")
# The smallest share that an option may have; the papers' identities need 0 in one of the two options of LoRS only.
_ZERO_ALLOWED = ("lors",)


@dataclass(frozen=True)
class Entry:
    """One vector: a path, or a merge of others."""

    path: str | None
    merge: "Mixture | None"
    weight: Weight
    reference: str | None
    id: str | None

    def as_mapping(self) -> dict[str, Any]:
        source = {"path": self.path} if self.path else {"merge": self.merge.as_mapping()}
        named = {key: value for key in ("reference", "id") if (value := getattr(self, key)) is not None}
        return source | {"weight": self.weight.as_recipe()} | named


@dataclass(frozen=True)
class Mixture:
    """Vectors and the method that puts them together."""

    method: str
    scale: float
    options: Mapping[str, Any]
    vectors: tuple[Entry, ...]

    def as_mapping(self) -> dict[str, Any]:
        return {
            "method": self.method,
            "scale": self.scale,
            "options": dict(self.options),
            "vectors": [entry.as_mapping() for entry in self.vectors],
        }


@dataclass(frozen=True)
class Recipe:
    base: str
    mixture: Mixture
    seed: int
    dtype: str
    output: str
    folder: Path  # paths are relative to it
    origin: str  # how messages call it

    @classmethod
    def read(cls, path: Path) -> "Recipe":
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, IsADirectoryError):
            raise UserError(f"There is no recipe at {path}; give a YAML file with base, method and vectors.") from None
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            reason = " ".join(str(error).split())
            raise UserError(f"{path} is no YAML ({reason}); see `tauspeech merge --help` for an example.") from None
        return cls.parse(content, path.parent, str(path))

    @classmethod
    def parse(cls, content: Any, folder: Path, origin: str = "recipe") -> "Recipe":
        if not isinstance(content, dict):
            raise UserError(f"{origin} is no mapping of keys; see `tauspeech merge --help` for an example.")
        if "weights" in content:
            raise UserError(f"{origin}: key 'weights' is unknown: each entry of vectors has a weight of its own.")
        content = checked(content, _schema(), origin)
        mixture = _mixture(content, origin, "")
        return cls(content["base"], mixture, int(content["seed"]), content["dtype"], content["output"], folder, origin)

    def as_mapping(self) -> dict[str, Any]:
        own = {"base": self.base, "seed": self.seed, "dtype": self.dtype, "output": self.output}
        return own | self.mixture.as_mapping()


@cache
def _schema() -> dict[str, Any]:
    return yaml.safe_load(_SCHEMA.read_text(encoding="utf-8"))


def _mixture(content: Mapping[str, Any], origin: str, place: str) -> Mixture:
    method = content["method"]
    if method not in METHODS:
        raise UserError(
            f"{origin}: key '{place}method' is {one_line(repr(method))}: choose one of {', '.join(METHODS)}."
        )
    options = _options(method, content.get("options", {}), f"{origin}: key '{place}options")
    vectors = tuple(_entry(each, origin, f"{place}vectors.{i}") for i, each in enumerate(content["vectors"]))
    named = [entry.id for entry in vectors if entry.id]
    if twice := sorted({id for id in named if named.count(id) > 1}):
        raise UserError(f"{origin}: two vectors have the id {twice[0]!r}; give each its own.")
    scale = finite(content.get("scale", 1.0), f"{origin}: key '{place}scale'")
    return Mixture(method, scale, options, vectors)


def _entry(content: Mapping[str, Any], origin: str, place: str) -> Entry:
    if ("path" in content) == ("merge" in content):
        raise UserError(f"{origin}: key '{place}' needs either path or merge.")
    if "merge" in content and "reference" in content:
        raise UserError(f"{origin}: key '{place}.reference' is of no use: give it to the vectors inside merge.")
    return Entry(
        content.get("path"),
        _mixture(content["merge"], origin, f"{place}.merge.") if "merge" in content else None,
        Weight.parse(content.get("weight", 1.0), f"{origin}: key '{place}.weight'"),
        content.get("reference"),
        content.get("id"),
    )


def _options(method: str, given: Mapping[str, Any], place: str) -> dict[str, Any]:
    """The options of a method are the keyword arguments of its function."""
    parameters = inspect.signature(METHODS[method]).parameters.values()
    known = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY and p.name not in _GIVEN_BY_ENGINE}
    for name, value in given.items():
        if name not in known:
            raise UserError(f"{place}.{name}' is unknown: {method} has {', '.join(known) or 'no options'}.")
        _check_option(method, name, value, f"{place}.{name}'")
    for name, default in known.items():
        if default is inspect.Parameter.empty and name not in given:
            raise UserError(f"{place}.{name}' is missing: {method} needs it.")
    return dict(given)


def _check_option(method: str, name: str, value: Any, place: str) -> None:
    if name == "scope":
        if value not in ("global", "tensor"):
            raise UserError(f"{place} is {value!r}: choose global (trim the whole vector) or tensor (each by itself).")
        return
    number = not isinstance(value, bool) and isinstance(value, int | float)
    zero = method in _ZERO_ALLOWED
    if not number or not 0 <= value <= 1 or (value == 0 and not zero):
        kept = {"keep": "entries", "rank": "singular values"}[name]
        raise UserError(
            f"{place} is {value!r}, but it is the fraction of {kept} kept: {'from' if zero else 'above'} 0, at most 1."
        )
