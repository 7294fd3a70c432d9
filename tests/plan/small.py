"""Fixtures for plans: small experiments, planned in a folder of their own."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tauspeech.experiments.rare_words.plan import plan as plan_of
from tauspeech.plan.config import complete
from tauspeech.plan.jobs import Plan

ROWS = {
    "neuschwanstein": "新天鹅堡\tNeuschwanstein Castle\tlandmark",
    "avignon": "阿维尼翁\tAvignon\tlocation",
    "raphael": "拉斐尔\tRaphael\tindividual",
    "goethe": "歌德\tGoethe\tindividual",
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory: nothing of the project's own configuration is in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.fsync", lambda descriptor: None)  # a plan is a hundred files
    return tmp_path


@pytest.fixture
def words_file(folder: Path) -> Callable[..., str]:
    """Write a table of words and give its path."""

    def write(*ids: str) -> str:
        rows = [f"{id}\t{ROWS[id]}" for id in ids]
        (folder / "words.tsv").write_text("\n".join(["word_id\tzh\ten\tdomain", *rows, ""]), encoding="utf-8")
        return "words.tsv"

    return write


@pytest.fixture
def config(words_file: Callable[..., str]) -> Callable[..., dict[str, Any]]:
    """A configuration of three words, with some sections of its own."""

    def make(words: tuple[str, ...] = ("neuschwanstein", "avignon", "raphael"), **sections: Any) -> dict[str, Any]:
        basis = {"name": "t", "experiment": "rare_words", "words": words_file(*words), "base": "foundation/tiny"}
        return basis | sections

    return make


@pytest.fixture
def plan(config: Callable[..., dict[str, Any]], folder: Path) -> Callable[..., Plan]:
    """The plan of such a configuration."""

    def make(**sections: Any) -> Plan:
        return plan_of(complete(config(**sections), "c.yaml"), folder / "results" / "t")

    return make


@pytest.fixture
def changed(plan: Callable[..., Plan]) -> Callable[..., set[str]]:
    """``stage/id`` of each job whose specification differs, or is new, after a change of the configuration."""

    def compare(**sections: Any) -> set[str]:
        before, after = plan().specs(), plan(**sections).specs()
        differing = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
        return {path.removeprefix("plan/").removesuffix(".json") for path in differing}

    return compare


def with_corpus(config: dict[str, Any], folder: Path) -> dict[str, Any]:
    """A configuration whose corpus, if it has one, is in empty folders below ``folder``."""
    if not config.get("corpus") or config.get("experiment") in ("syn2real", "language_expansion"):
        return config
    for key in ("common_voice", "translations"):
        (folder / key).mkdir(exist_ok=True)
    return config | {"corpus": {key: str(folder / key) for key in ("common_voice", "translations")}}


def with_recordings(config: dict[str, Any], folder: Path) -> dict[str, Any]:
    """A configuration whose retention sets and recordings, if it has any, are tables below ``folder``."""
    config = deepcopy(config)
    (folder / "a.wav").write_bytes(b"sound")
    if "recordings" in config:
        config["recordings"] = str(folder / "speech.tsv")
        rows = [f"a.wav\t{split}\tText.\n" for split in ("validation", "test")]
        (folder / "speech.tsv").write_text(f"file\tsplit\t{config['language']}\n" + "".join(rows), encoding="utf-8")
    for name, about in config.get("retention", {}).items():
        about["recordings"] = str(folder / f"{name}.tsv")
        Path(about["recordings"]).write_text(f"file\t{about['language']}\na.wav\tText.\n", encoding="utf-8")
    if config.get("speech", {}).get("recordings", "config/recordings") != "config/recordings":
        config["speech"]["recordings"] = str(folder)
        for group in config["groups"].values():
            for language in (*group["languages"], *group["recognised"]) if group else ():
                rows = [f"a.wav\t{split}\tText.\tText.\n" for split in ("train", "validation", "test")]
                head = "file\tsplit\ten\tother\n" if language == "en" else f"file\tsplit\ten\t{language}\n"
                (folder / f"{language}.tsv").write_text(head + "".join(rows), encoding="utf-8")
    return config


def with_cosyvoice(config: dict[str, Any], folder: Path) -> dict[str, Any]:
    """A configuration whose models of CosyVoice, if it has any, are empty files and folders below ``folder``."""
    config = deepcopy(config)
    for model in config.get("speech", {}).get("models", {}).get("cosyvoice", {}).values():
        model |= {"checkout": str(folder), "model": str(folder)}
        for speaker, prompt in model["prompts"].items():
            prompt["audio"] = str(folder / f"{speaker}.wav")
            Path(prompt["audio"]).touch()
    return config


def with_domains(config: dict[str, Any], folder: Path) -> dict[str, Any]:
    """A configuration of syn2real whose corpus and speakers, if it has any, are small files below ``folder``."""
    config, corpus = deepcopy(config), config.get("corpus")
    for model in config.get("speech", {}).get("models", {}).get("speecht5", {}).values():
        model["speakers"] = str(folder / "speakers.npy")
        Path(model["speakers"]).touch()
    if config["experiment"] != "syn2real" or not corpus:
        return config
    (folder / "a.wav").write_bytes(b"sound")
    domains, splits = ("cooking", "music", "social", "weather"), ("train", "validation", "test")
    rows = [f"a.wav\t{domain} {split}\t{domain}\t{split}\n" for domain in domains for split in splits]
    (folder / "domains.tsv").write_text("file\ttext\tdomain\tsplit\n" + "".join(rows), encoding="utf-8")
    return config | {"corpus": {"table": str(folder / "domains.tsv"), "mic": "all", "takes": None}}


def with_speech_llm(config: dict[str, Any], folder: Path) -> dict[str, Any]:
    """A configuration of language_expansion whose base and MuST-C, if it has any, are small files below ``folder``."""
    if config.get("base") != "speechgpt":
        return config
    (folder / "llm").mkdir()
    (folder / "llm" / "config.json").write_text('{"model_type": "llama"}', encoding="utf-8")
    for language in ("de", "fr"):
        (folder / f"en-{language}" / "data").mkdir(parents=True)
    corpus = config["corpus"] | ({"mustc": str(folder)} if config["corpus"]["mustc"] else {})
    return config | {"base": str(folder / "llm"), "corpus": corpus}
