"""A merge recipe, read and checked: base, method, options, and vectors with their weights."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tauspeech.data.schemas import checked
from tauspeech.runtime.errors import UserError
from tauspeech.vectors import methods
from tauspeech.vectors.weights import Weight, finite

_SCHEMA = Path(__file__).with_name("recipe.schema.yaml")


@dataclass(frozen=True)
class Entry:
    """One vector: a path, or a merge of other vectors."""

    source: "str | Merge"
    weight: Weight
    reference: str | None
    id: str | None

    def as_mapping(self) -> dict[str, Any]:
        source = {"merge": self.source.as_mapping()} if isinstance(self.source, Merge) else {"path": self.source}
        named = {key: value for key in ("reference", "id") if (value := getattr(self, key)) is not None}
        return source | {"weight": self.weight.as_recipe()} | named


@dataclass(frozen=True)
class Merge:
    """Vectors and the method that combines them: the recipe's own merge, or one nested in it as a vector."""

    method: str
    scale: float
    options: Mapping[str, Any]  # as given; defaults are filled in by the method
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
    """A merge with the base that it is added to, and the settings of the output."""

    base: str
    merge: Merge
    seed: int
    dtype: str
    output: str
    folder: Path  # paths are relative to it
    origin: str  # the recipe's name in messages

    @classmethod
    def read(cls, path: Path) -> "Recipe":
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, IsADirectoryError):
            raise UserError(f"There is no recipe at {path}; give a YAML file with base, method and vectors.") from None
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            reason = " ".join(str(error).split())
            raise UserError(
                f"{path} is not valid YAML ({reason}); see `tauspeech merge --help` for an example."
            ) from None
        return cls.parse(content, path.parent, str(path))

    @classmethod
    def parse(cls, content: Any, folder: Path, origin: str = "recipe") -> "Recipe":
        if not isinstance(content, dict):
            raise UserError(f"{origin} is not a mapping of keys; see `tauspeech merge --help` for an example.")
        if "weights" in content:
            raise UserError(f"{origin}: key 'weights' is unknown: each entry of vectors has a weight of its own.")
        content = checked(content, _schema(), origin)
        merge = _merge(content, origin, "")
        return cls(content["base"], merge, int(content["seed"]), content["dtype"], content["output"], folder, origin)

    def as_mapping(self) -> dict[str, Any]:
        own = {"base": self.base, "seed": self.seed, "dtype": self.dtype, "output": self.output}
        return own | self.merge.as_mapping()


@cache
def _schema() -> dict[str, Any]:
    schema: dict[str, Any] = yaml.safe_load(_SCHEMA.read_text(encoding="utf-8"))
    return schema


def _merge(content: Mapping[str, Any], origin: str, prefix: str) -> Merge:
    """A merge from its mapping; ``prefix`` precedes its keys in messages."""
    method = methods.find(content["method"], f"{origin}: key '{prefix}method'")
    options = content.get("options", {})
    method.check_options(options, f"{origin}: key '{prefix}options")
    vectors = tuple(_entry(each, origin, f"{prefix}vectors.{i}") for i, each in enumerate(content["vectors"]))
    ids = [entry.id for entry in vectors if entry.id]
    if twice := sorted({id for id in ids if ids.count(id) > 1}):
        raise UserError(f"{origin}: two vectors have the id {twice[0]!r}; give each its own.")
    scale = finite(content.get("scale", 1.0), f"{origin}: key '{prefix}scale'")
    return Merge(method.name, scale, dict(options), vectors)


def _entry(content: Mapping[str, Any], origin: str, key: str) -> Entry:
    if ("path" in content) == ("merge" in content):
        raise UserError(f"{origin}: key '{key}' needs either path or merge.")
    if "merge" in content and "reference" in content:
        raise UserError(f"{origin}: key '{key}.reference' has no effect: give it to the vectors inside merge.")
    return Entry(
        _merge(content["merge"], origin, f"{key}.merge.") if "merge" in content else content["path"],
        Weight.parse(content.get("weight", 1.0), f"{origin}: key '{key}.weight'"),
        content.get("reference"),
        content.get("id"),
    )
