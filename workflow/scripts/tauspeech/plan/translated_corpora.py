"""Corpora of recorded speech with translations out of English: what their sets depend on, by names, sizes and hashes."""

from pathlib import Path
from typing import Any

from tauspeech.corpora.covost_codes import covost_pair
from tauspeech.plan.sources import corpus_folder, require_folder_or_hub_id
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import sha256_file

KINDS = ("mustc", "mirror", "common_voice")
MUSTC, COVOST = "tauspeech.corpora.mustc", "tauspeech.corpora.covost_from_english"


def translated_corpus(corpus: dict[str, Any], spoken: str, language: str) -> tuple[dict[str, Any], str]:
    """Source of the speech with translations into a language, and the module that reads it."""
    given = [key for key in KINDS if corpus.get(key)]
    if len(given) != 1:
        raise UserError(f"key 'corpus' has {' and '.join(given) or 'none'} of {', '.join(KINDS)}: give one of them.")
    if corpus.get("mustc"):
        return _mustc(corpus["mustc"], spoken, language), MUSTC
    code, into = covost_pair(spoken, language)
    if corpus.get("mirror"):
        require_folder_or_hub_id(corpus["mirror"], "corpus.mirror", "data set")
        folder = Path(corpus["mirror"]).expanduser() / f"{code}_{into}"
        sizes = {str(path.relative_to(folder)): path.stat().st_size for path in sorted(folder.rglob("*.parquet"))}
        return {"mirror": corpus["mirror"], "files": sizes}, COVOST
    recorded, translated = (corpus_folder(corpus, key) for key in ("common_voice", "translations"))
    tables = [recorded / code / "validated.tsv", recorded / "validated.tsv"]
    tables += sorted(translated.glob(f"covost_v2.{code}_{into}*.tsv"))
    # The job reports what is missing in the folders.
    hashes = {str(path): sha256_file(path) for path in tables if path.is_file()}
    return {key: corpus[key] for key in ("common_voice", "translations")} | {"tables": hashes}, COVOST


def _mustc(folder: str, spoken: str, language: str) -> dict[str, Any]:
    root = Path(folder).expanduser() / f"{spoken}-{language}" / "data"
    if not root.is_dir():
        raise UserError(f"key 'corpus.mustc': the folder {root} does not exist: check the path.")
    texts = sorted(path for path in root.glob("*/txt/*") if path.suffix in (".yaml", f".{spoken}", f".{language}"))
    sizes = {str(path.relative_to(root)): path.stat().st_size for path in sorted(root.glob("*/wav/*"))}
    return {
        "mustc": folder,
        "tables": {str(path.relative_to(root)): sha256_file(path) for path in texts},
        "audio": sizes,
    }
