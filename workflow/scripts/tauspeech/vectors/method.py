"""Declaration of a merge method: its name, reference and options, from which checks, help texts and schemas follow.

Only the standard library is imported here, so that a plan or a command line can read the declarations without NumPy.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tauspeech.runtime.errors import UserError, one_line

if TYPE_CHECKING:
    from tauspeech.vectors.combination import Combination, Summand
    from tauspeech.vectors.execution import Execution

REQUIRED: Any = object()
_CONTEXT = ("seed", "execution")  # arguments of combine that are not options


@dataclass(frozen=True, kw_only=True)
class Option:
    """An option of a method. A kind of option is a subclass that defines ``accepts``, ``range`` and ``type_schema``."""

    name: str
    description: str  # a noun phrase, without article
    default: Any = REQUIRED
    example: Any = REQUIRED  # a value for the examples in the help; the default if there is one

    def __post_init__(self) -> None:
        values = [value for value in (self.default, self.example) if value is not REQUIRED]
        if not values or not all(map(self.accepts, values)):
            raise ValueError(f"option {self.name} needs a default or an example, and both within its range")

    @property
    def required(self) -> bool:
        return self.default is REQUIRED

    @property
    def example_value(self) -> Any:
        return self.default if self.example is REQUIRED else self.example

    @property
    def range(self) -> str:
        """The accepted values in words."""
        raise NotImplementedError

    def accepts(self, value: Any) -> bool:
        raise NotImplementedError

    def type_schema(self) -> dict[str, Any]:
        """The JSON schema of the accepted values, without default and description."""
        raise NotImplementedError

    def schema(self) -> dict[str, Any]:
        description = self.description[:1].upper() + self.description[1:]
        return {"description": description, **self.type_schema()} | ({} if self.required else {"default": self.default})

    def check(self, value: Any, key: str) -> None:
        if not self.accepts(value):
            raise UserError(f"{key} is {one_line(repr(value), 80)}; give the {self.description}: {self.range}.")


@dataclass(frozen=True, kw_only=True)
class Fraction(Option):
    """A number above 0, or from 0 if ``zero``, and at most 1."""

    zero: bool = False

    @property
    def range(self) -> str:
        return f"{'from' if self.zero else 'above'} 0, at most 1"

    def accepts(self, value: Any) -> bool:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and (0 <= value <= 1 if self.zero else 0 < value <= 1)

    def type_schema(self) -> dict[str, Any]:
        return {"type": "number", "minimum" if self.zero else "exclusiveMinimum": 0, "maximum": 1}


@dataclass(frozen=True, kw_only=True)
class Integer(Option):
    """A whole number from ``minimum`` to ``maximum``, both included."""

    minimum: int
    maximum: int

    @property
    def range(self) -> str:
        return f"an integer from {self.minimum} to {self.maximum}"

    def accepts(self, value: Any) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and self.minimum <= value <= self.maximum

    def type_schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.minimum, "maximum": self.maximum}


@dataclass(frozen=True, kw_only=True)
class Choice(Option):
    """One of several words; ``choices`` maps each to a short explanation."""

    choices: Mapping[str, str] = field(hash=False)

    @property
    def range(self) -> str:
        return " or ".join(f"{word} ({explanation})" for word, explanation in self.choices.items())

    def accepts(self, value: Any) -> bool:
        return isinstance(value, str) and value in self.choices

    def type_schema(self) -> dict[str, Any]:
        return {"enum": list(self.choices)}


@dataclass(frozen=True, kw_only=True)
class Method:
    """A merge method: how weighted task vectors become Phi in out = base + scale * Phi.

    ``combine`` takes the terms, and as keyword arguments every option, and ``seed`` and ``execution`` if it names them.
    """

    name: str  # in recipes; also the name of its module
    title: str  # in texts and tables
    formula: str  # of Phi
    use: str  # one sentence: when to use it
    reference: str
    combine: "Callable[..., Combination]" = field(repr=False)
    options: tuple[Option, ...] = ()
    weighted_sum: bool = False  # Phi is a weighted sum of whole vectors, so that a sum of LoRA adapters is one

    def __post_init__(self) -> None:
        parameters = inspect.signature(self.combine).parameters.values()
        keywords = {each.name for each in parameters if each.kind is each.KEYWORD_ONLY} - set(_CONTEXT)
        if different := keywords ^ {option.name for option in self.options}:
            raise ValueError(
                f"method {self.name}: options and keyword arguments of combine differ in {', '.join(sorted(different))}"
            )

    def option(self, name: str) -> Option:
        return next(option for option in self.options if option.name == name)

    def check_options(self, given: Mapping[str, Any], key: str) -> None:
        """Raise a UserError for an unknown, missing or unsuitable option; ``key`` is the options' key in messages."""
        known = {option.name: option for option in self.options}
        for name, value in given.items():
            if name not in known:
                listed = (
                    f"the options of {self.name} are {', '.join(known)}" if known else f"{self.name} has no options"
                )
                raise UserError(f"{key}.{one_line(str(name), 80)}' is unknown: {listed}.")
            known[name].check(value, f"{key}.{name}'")
        for option in self.options:
            if option.required and option.name not in given:
                raise UserError(
                    f"{key}.{option.name}' is missing: {self.name} needs the {option.description} ({option.range})."
                )

    def combined(
        self, terms: "Sequence[Summand]", options: Mapping[str, Any], seed: int, execution: "Execution"
    ) -> "Combination":
        """Phi, with defaults for options that are not given."""
        defaults = {option.name: option.default for option in self.options if not option.required}
        context = {"seed": seed, "execution": execution}
        wanted = context.keys() & inspect.signature(self.combine).parameters.keys()
        return self.combine(terms, **defaults | dict(options), **{name: context[name] for name in wanted})

    def options_schema(self) -> dict[str, Any]:
        """The JSON schema of the mapping ``options``."""
        required = [option.name for option in self.options if option.required]
        schema = {"description": f"Options of {self.title}", "type": "object", "additionalProperties": False}
        schema["properties"] = {option.name: option.schema() for option in self.options}
        return schema | ({"required": required} if required else {})
