"""Reading a configuration: the schema fills in defaults, and a mistake names its key."""

import copy
import difflib
import json
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from tauspeech.errors import UserError
from tauspeech.paths import SCHEMAS


def _defaults(value: Any, schema: dict[str, Any]) -> Any:
    """The value with the schema's defaults where it is silent."""
    if isinstance(value, dict):
        for key, part in schema.get("properties", {}).items():
            if key not in value and "default" in part:
                value[key] = copy.deepcopy(part["default"])
            if key in value:
                value[key] = _defaults(value[key], part)
    return value


def _sentence(error: ValidationError) -> str:
    place = ".".join(map(str, error.absolute_path))
    if error.validator == "additionalProperties":
        known = list(error.schema["properties"])
        unknown = sorted(set(error.instance) - set(known))[0]
        near = difflib.get_close_matches(unknown, known, 1)
        hint = f"did you mean '{near[0]}'?" if near else f"known are {', '.join(known)}."
        return f"key '{f'{place}.' if place else ''}{unknown}' is unknown: {hint}"
    if error.validator == "required":
        missing = sorted(set(error.validator_value) - set(error.instance))[0]
        return f"key '{f'{place}.' if place else ''}{missing}' is missing: {error.schema['properties'][missing]['description']}"
    hint = error.schema.get("description")
    return f"key '{place}': {error.message}" + (f" (it is: {hint})" if hint else "") + "."


def complete(config: dict[str, Any], origin: str) -> dict[str, Any]:
    """The configuration with its defaults, or one sentence about what is wrong with it."""
    experiment = config.get("experiment")
    schema_file = SCHEMAS / f"{experiment}.schema.yaml"
    known = sorted(path.name.removesuffix(".schema.yaml") for path in SCHEMAS.glob("*.schema.yaml"))
    if not isinstance(experiment, str) or experiment not in known:
        raise UserError(f"{origin}: key 'experiment' is {experiment!r}: give one of {', '.join(known)}.")
    schema = yaml.safe_load(schema_file.read_text(encoding="utf-8"))
    try:
        plain = json.loads(json.dumps(config, allow_nan=False))  # also makes Snakemake's dictionaries plain ones
    except (TypeError, ValueError) as error:
        raise UserError(f"{origin}: a value is neither text nor number ({error}): put dates into quotes.") from None
    result = _defaults(plain, schema)
    if error := best_match(Draft202012Validator(schema).iter_errors(result)):
        raise UserError(f"{origin}: {_sentence(error)}")
    return result
