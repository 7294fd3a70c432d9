"""Files that a configuration points to; specifications hold their content hashes, so dates do not matter."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tauspeech.corpora.covost_codes import covost_code
from tauspeech.data.tables import tab_reader
from tauspeech.models.families import FAMILIES, supported
from tauspeech.models.foundation_sizes import SIZES
from tauspeech.remote.hub import is_hub_id
from tauspeech.runtime.errors import UserError, did_you_mean, one_line
from tauspeech.runtime.files import canonical_json, sha256_file, sha256_text
from tauspeech.runtime.paths import FOUNDATIONS, GRAMMARS
from tauspeech.text.domain_grammars import limited_to

_SMALL = 20_000_000  # bytes
EVERYDAY_CHINESE = "everyday/zh-en"  # the sentences of the grammar of ten languages, in Chinese


def file_source(path: Path) -> dict[str, str]:
    return {"path": str(path), "sha256": sha256_file(path)}


@cache
def grammar_source(languages: tuple[str, ...], name: str | None = None, domain: str | None = None) -> dict[str, str]:
    """The grammar of a name, or that with the fewest languages that covers these; its hash ignores comments and layout.

    With a domain, sentences are of that domain alone, and the hash covers what they are made of.
    """
    grammars = sorted(GRAMMARS.glob(f"{name or '*'}.yaml"), key=lambda path: (path.stem.count("-"), path.stem))
    for path in grammars:
        if set(languages) <= set(path.stem.split("-")):
            content = _grammar(path)
            if not domain:
                return {"name": name or path.stem, "sha256": sha256_text(canonical_json(content))}
            part = sha256_text(canonical_json(limited_to(content, domain)))
            return {"name": name or path.stem, "sha256": part, "domain": domain}
    known = ", ".join(path.stem for path in grammars)
    raise UserError(
        f"There is no template grammar for {' and '.join(languages)} (only for {known}): "
        "put your own sentences into the folder text.own, a table for each set (<word_id>.tsv and general.tsv, or <language>.tsv)."
    )


def everyday_grammar(source: str, target: str) -> str:
    """The grammar of everyday sentences that has both languages; all of them have the same sentences in English."""
    return EVERYDAY_CHINESE if target == "zh" and source == "en" else grammar_source((source, target))["name"]


@cache
def grammar_domains(name: str) -> tuple[str, ...]:
    """Domains that a grammar has sentences for."""
    return tuple(_grammar(GRAMMARS / f"{name}.yaml")["domains"])


@cache
def _grammar(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return content


def own_sentences(folder: str, set_id: str) -> dict[str, str] | None:
    _require_folder(folder, "text.own", "config/text")
    path = Path(folder).expanduser() / f"{set_id}.tsv"
    return file_source(path) if path.is_file() else None


def recordings(folder: str, set_id: str) -> dict[str, str] | None:
    """The table of recordings of a set, if there is one in the folder."""
    _require_folder(folder, "speech.recordings", "config/recordings")
    path = Path(folder).expanduser() / f"{set_id}.tsv"
    return recordings_source(path) if path.is_file() else None


def recordings_source(path: Path) -> dict[str, str]:
    """A table of recordings, with one hash over all audio files that it names."""
    named = (row.get("file") or "" for row in tab_reader(path))
    files = [path.parent / name for name in named if name]
    digests = [sha256_file(file) for file in files if file.is_file()]
    return file_source(path) | {"audio": sha256_text(" ".join(digests))}


def _require_folder(folder: str, key: str, default: str) -> None:
    """Refuse a folder that does not exist, unless it is the default, which need not."""
    if Path(folder) != Path(default) and not Path(folder).expanduser().is_dir():
        raise UserError(f"key '{key}': the folder {folder} does not exist: check the path, or leave the key out.")


def require_folder_or_hub_id(name: str, key: str, what: str = "model") -> None:
    if not Path(name).expanduser().is_dir() and not is_hub_id(name):
        raise UserError(
            f"key '{key}': {one_line(name, 80)} is neither a folder nor a {what} of the hub (OWNER/NAME): check the name."
        )


def files_of(path: str | list[str]) -> dict[str, str | int]:
    """Files at a path: small ones by hash, large ones by size; empty where the text is not a path but a name."""
    found: dict[str, str | int] = {}
    for each in filter(None, [path] if isinstance(path, str) else path):
        try:
            place = Path(each).expanduser()
            files = [place] if place.is_file() else sorted(file for file in place.glob("*") if file.is_file())
        except (OSError, ValueError, RuntimeError):  # a text too long, or too odd, for a path
            continue
        found |= {
            str(file): file.stat().st_size if file.stat().st_size > _SMALL else sha256_file(file) for file in files
        }
    return found


def hashes_of(folder: Path, description: str) -> dict[str, str]:
    """Hashes of a model's or adapter's description and of its weights."""
    files = [folder / description, *sorted(folder.glob("*.safetensors"))]
    return {path.name: sha256_file(path) for path in files}


def base_source(base: str, retrain: bool, languages: tuple[str, ...]) -> dict[str, Any]:
    """Source of the base model (shipped, trained in this run, a folder or the hub) and its family, if that is known."""
    if base.startswith("foundation/"):
        return _foundation_source(base.removeprefix("foundation/"), retrain, languages)
    folder = Path(base).expanduser()
    if (folder / "config.json").is_file():
        family = model_type(folder)
        if family and family not in FAMILIES:
            raise UserError(
                f"key 'base': {base} is a model of the type '{family}', which is not supported: give one of the types "
                f"{supported()}."
            )
        return {"kind": "folder", "path": base, "files": hashes_of(folder, "config.json"), "family": family}
    if folder.exists() or base.startswith((".", "/", "~")) or base.count("/") > 1:
        raise UserError(f"key 'base': the folder {base} is not a model folder: it has no config.json.")
    require_folder_or_hub_id(base, "base")
    return {"kind": "hub", "model": base, "family": None}


def input_window(base: str) -> float | None:
    """Seconds of the input window of a Whisper base; None where they cannot be read, which the job reports."""
    name = base.removeprefix("foundation/")
    folder = Path(base).expanduser() if name == base else FOUNDATIONS / name
    # transformers 5 saves the feature extractor's settings as a part of the processor's.
    for file, part in (("processor_config.json", "feature_extractor"), ("preprocessor_config.json", None)):
        try:
            found = json.loads((folder / file).read_text(encoding="utf-8"))
            return float((found[part] if part else found)["chunk_length"])
        except (ValueError, KeyError, TypeError, OSError):
            continue
    return None


def _foundation_source(size: str, retrain: bool, languages: tuple[str, ...]) -> dict[str, Any]:
    if size not in SIZES:
        advice = did_you_mean(size, SIZES, f"choose one of {', '.join(SIZES)}.")
        raise UserError(f"key 'base': there is no foundation of size '{size}': {advice}")
    path = FOUNDATIONS / size / "receipt.json"
    if retrain or not path.is_file():
        return {"kind": "train", "size": size, "family": SIZES[size].model_type}
    known = foundation_languages(size)
    if not set(languages) <= set(known):
        raise UserError(
            f"key 'base': the shipped foundation/{size} was trained on {' and '.join(known)}: set retrain_foundation to true to "
            f"train one for {' and '.join(languages)}."
        )
    return {"kind": "shipped", "size": size, "receipt": sha256_file(path), "family": SIZES[size].model_type}


def foundation_languages(size: str) -> list[str]:
    """Languages that a shipped foundation was trained on."""
    path = FOUNDATIONS / size / "receipt.json"
    trained = json.loads(path.read_text(encoding="utf-8"))["spec"]["settings"]
    return trained.get("languages") or [trained["source"], trained["target"]]  # older receipts


def model_type(folder: Path) -> str | None:
    """Model type of a folder's config.json; None where it cannot be read, which the job reports."""
    try:
        found = json.loads((folder / "config.json").read_text(encoding="utf-8"))["model_type"]
        return found if isinstance(found, str) else None
    except (ValueError, KeyError, TypeError, OSError):
        return None


def corpus_folder(corpus: dict[str, Any], key: str) -> Path:
    given = corpus.get(key)
    folder = Path(given or "").expanduser()
    if not given or not folder.is_dir():
        raise UserError(
            f"key 'corpus.{key}': the folder {given or '(none)'} does not exist: check the path; docs/own_models_and_data.md says "
            "where the corpus comes from."
        )
    return folder


def corpus_source(corpus: dict[str, Any], language: str) -> dict[str, Any]:
    """Recorded speech of a language: tables by hash, audio files, which are too large for that, by name and size."""
    if "mirror" in corpus:
        require_folder_or_hub_id(corpus["mirror"], "corpus.mirror", "data set")
        folder = Path(corpus["mirror"]).expanduser() / f"{covost_code(language)}_en"
        sizes = {str(path.relative_to(folder)): path.stat().st_size for path in sorted(folder.rglob("*.parquet"))}
        return corpus | {"files": sizes}
    code = covost_code(language)
    recorded, translated = (corpus_folder(corpus, key) for key in ("common_voice", "translations"))
    homes = [recorded / code, recorded / language, recorded]
    tables = [*(home / "validated.tsv" for home in homes), *sorted(translated.glob(f"covost_v2.{code}_en*.tsv"))]
    # The job reports what is missing in the folders.
    return corpus | {"tables": {str(path): sha256_file(path) for path in tables if path.is_file()}}
