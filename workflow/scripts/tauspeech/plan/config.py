"""Reading a configuration: the schema fills in defaults, and a mistake names its key."""

import json
from typing import Any

import yaml

from tauspeech.errors import UserError
from tauspeech.paths import SCHEMAS
from tauspeech.schemas import checked


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
    return checked(plain, schema, origin)
