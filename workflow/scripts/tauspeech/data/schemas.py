"""Validation of user input against a JSON schema: fills in defaults and reports an error in one sentence with its key."""

import copy
import re
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match
from jsonschema.validators import extend

from tauspeech.runtime.errors import UserError, did_you_mean, one_line


def _pattern(_: object, pattern: str, instance: Any, __: object) -> Iterator[ValidationError]:
    """Match the whole text; '$' in Python also matches before a final line break, which would end a shell command."""
    if isinstance(instance, str) and not re.fullmatch(pattern, instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


_EXPONENT = re.compile(r"[-+]?\d+([.]\d*)?[eE][-+]?\d+")

_Validator = extend(Draft202012Validator, {"pattern": _pattern})


def checked(value: Any, schema: dict[str, Any], origin: str) -> Any:
    """``value`` completed with the schema's defaults; raises UserError with one sentence if it is invalid."""
    result = _defaults(copy.deepcopy(value), schema)
    if error := best_match(_Validator(schema).iter_errors(result)):
        raise UserError(f"{origin}: {_sentence(error)}")
    return result


def _defaults(value: Any, schema: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        for key, part in schema.get("properties", {}).items():
            if key not in value and "default" in part:
                value[key] = copy.deepcopy(part["default"])
            if key in value:
                value[key] = _defaults(value[key], part)
        others = schema.get("additionalProperties")
        if isinstance(others, dict) and not schema.get("partial"):
            for key in value.keys() - schema.get("properties", {}).keys():
                value[key] = _defaults(value[key], others)
    return value


def _sentence(error: ValidationError) -> str:
    place = ".".join(map(str, error.absolute_path))
    if error.validator == "additionalProperties":
        known = list(error.schema["properties"])
        unknown = sorted(set(error.instance) - set(known), key=str)[0]
        hint = did_you_mean(str(unknown), known, f"known are {', '.join(known)}.")
        return f"key '{f'{place}.' if place else ''}{unknown}' is unknown: {hint}"
    if error.validator == "required":
        missing = sorted(set(error.validator_value) - set(error.instance))[0]
        return f"key '{f'{place}.' if place else ''}{missing}' is missing: {error.schema['properties'][missing]['description']}"
    if error.validator == "oneOf" and all("required" in choice for choice in error.validator_value):
        choices = " or ".join(choice["required"][0] for choice in error.validator_value)
        return f"key '{place}': give exactly one of {choices}."
    if _is_number_as_text(error):
        return f"key '{place}': {error.instance!r} is text in YAML: write {float(error.instance):.1e}."
    hint, value = error.schema.get("description"), repr(error.instance)
    return (
        f"key '{place}': {one_line(error.message.replace(value, one_line(value, 80)))}"
        + (f" (it is: {hint})" if hint else "")
        + "."
    )


def _is_number_as_text(error: ValidationError) -> bool:
    """True for text such as 1e-3 where a number belongs: YAML 1.1 asks for a point, as in 1.0e-3."""
    expected = [part.get("type") for part in (error.schema, *error.schema.get("anyOf", ())) if isinstance(part, dict)]
    wanted = any("number" in (each if isinstance(each, list) else [each]) for each in expected)
    return wanted and isinstance(error.instance, str) and bool(_EXPONENT.fullmatch(error.instance))
