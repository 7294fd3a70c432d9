"""Names of espeak-ng's voices and variants, from the files of the espeakng-loader wheel; its library is not started."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from tauspeech.runtime.errors import did_you_mean, nearest


@cache
def refusal(voice: str) -> str | None:
    """Why espeak-ng cannot use a voice such as ``cmn+f2``, with what to do; None if it can, or if it is not installed."""
    if (data := _data()) is None:
        return None
    name, plus, variant = voice.partition("+")
    if name.lower() not in _files(data) and name.lower() not in _described(data)[0]:
        near = _described(data)[1].get(name.lower()) or nearest(name.lower(), _files(data))
        advice = f"did you mean '{near}'?" if near else "give one such as cmn, or a variant of it such as cmn+f2."
        return f"espeak-ng has no voice '{name}': {advice}"
    if plus and variant not in _variants(data):
        advice = did_you_mean(variant, _variants(data), "give one such as f2 or m3.")
        return f"espeak-ng has no variant '{variant}', as in '{voice}': {advice}"
    return None


def _data() -> Path | None:
    loader = find_spec("espeakng_loader")
    folders = loader.submodule_search_locations if loader else None
    data = Path(folders[0]) / "espeak-ng-data" if folders else None
    return data if data and data.is_dir() else None


@cache
def _variants(data: Path) -> frozenset[str]:
    return frozenset(path.name for path in (data / "voices" / "!v").iterdir())


@cache
def _files(data: Path) -> frozenset[str]:
    """Voices by their files, whose names the library takes with and without their folder, in lower or upper case."""
    files = [path for path in (data / "lang").rglob("*") if path.is_file()]
    paths = {path.relative_to(data / "lang").as_posix().lower() for path in files}
    return frozenset(paths | {path.name.lower() for path in files})


@cache
def _described(data: Path) -> tuple[frozenset[str], dict[str, str]]:
    """The names that the voices' files contain, which the library takes as well, and the voice of each language code."""
    names: set[str] = set()
    of_language: dict[str, str] = {}
    for path in sorted(path for path in (data / "lang").rglob("*") if path.is_file()):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            key, _, value = line.partition("//")[0].strip().partition(" ")
            if key == "name":
                names.add(value.strip().lower())
            elif key == "language" and value.split():
                of_language.setdefault(value.split()[0].lower(), path.name)
    return frozenset(names), of_language
