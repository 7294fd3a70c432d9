"""JSON schemas of the configurations for editors: config/schemas/<experiment>.json.

They are the experiments' schemas with all includes, in draft 7, which editors support best, with descriptions as
``markdownDescription`` too and without the keywords that only this project knows.
"""

import json
from typing import Any

from tauspeech.plan.config import marked_schema_of, plain, without_links

DRAFT = "http://json-schema.org/draft-07/schema#"
OWN = ("partial", "x-one-row")  # keywords of this project


def editor_schema(experiment: str) -> str:
    """The file of an experiment."""
    schema = _for_editors(marked_schema_of(experiment)) | {"$schema": DRAFT}
    return json.dumps(schema, ensure_ascii=False, indent=1) + "\n"


def _for_editors(value: Any) -> Any:
    if isinstance(value, list):
        return [_for_editors(each) for each in value]
    if not isinstance(value, dict):
        return value
    found = {key: _for_editors(each) for key, each in value.items() if key not in OWN}
    if isinstance(marked := found.get("description"), str):
        found["description"] = plain(marked)
        if "`" in marked:
            found["markdownDescription"] = without_links(marked)
    return found
