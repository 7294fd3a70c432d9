"""Files that a configuration points to: each enters a specification by its content, not by its date."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tauspeech.errors import UserError
from tauspeech.files import canonical_json, sha256_file, sha256_text
from tauspeech.paths import FOUNDATIONS, GRAMMARS


def file_source(path: Path) -> dict[str, str]:
    return {"path": str(path), "sha256": sha256_file(path)}


@cache
def grammar_source(languages: tuple[str, ...]) -> dict[str, str]:
    """The grammar that speaks these languages; its digest is blind to comments and layout."""
    for path in sorted(GRAMMARS.glob("*.yaml")):
        if set(languages) <= set(path.stem.split("-")):
            digest = sha256_text(canonical_json(yaml.safe_load(path.read_text(encoding="utf-8"))))
            return {"name": path.stem, "sha256": digest}
    known = ", ".join(path.stem for path in sorted(GRAMMARS.glob("*.yaml")))
    raise UserError(
        f"No template grammar speaks {' and '.join(languages)} (there is {known}): "
        "put own sentences into the folder text.own, one <word_id>.tsv for each word and a general.tsv."
    )


def own_file(folder: str, set_id: str) -> dict[str, str] | None:
    path = Path(folder) / f"{set_id}.tsv"
    return file_source(path) if path.is_file() else None


def base_source(base: str, retrain: bool) -> dict[str, Any]:
    """Where the base model comes from: shipped, trained here, a folder or the hub."""
    if base.startswith("foundation/"):
        size = base.removeprefix("foundation/")
        receipt = FOUNDATIONS / size / "receipt.json"
        if receipt.is_file() and not retrain:
            return {"kind": "shipped", "size": size, "receipt": sha256_file(receipt)}
        return {"kind": "train", "size": size}
    folder = Path(base).expanduser()
    if (folder / "config.json").is_file():
        weights = sorted(folder.glob("*.safetensors"))
        return {
            "kind": "folder",
            "path": base,
            "files": {path.name: sha256_file(path) for path in [folder / "config.json", *weights]},
        }
    if folder.exists() or base.startswith((".", "/", "~")) or base.count("/") > 1:
        raise UserError(f"Key 'base': the folder {base} holds no model: it has no config.json.")
    return {"kind": "hub", "model": base}
