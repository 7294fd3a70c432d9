"""Layers of the package: imports go downwards, without circles, and only models/ knows the classes of one family."""

import ast
import re

import pytest

from tauspeech.models.families import FAMILIES
from tests.architecture.source import (
    PROJECT,
    between_files,
    circle,
    folders,
    imports,
    inside,
    modules,
    room,
    shown,
    tree_of,
)

# From top to bottom. A room imports rooms of lower layers only, and none of its own layer.
LAYERS = (
    ("__main__",),
    ("commands", "experiments"),
    ("plan", "reporting"),
    ("search", "training"),
    ("models",),
    ("text", "speech", "corpora", "scoring", "vectors"),
    ("data", "remote"),
    ("runtime",),
)
LAYER_OF = {room: number for number, rooms in enumerate(LAYERS) for room in rooms}

# Classes of speech-to-text families, as transformers names them. Voices of speech/engines are no such families.
OF_ONE_FAMILY = re.compile(
    r"(Whisper|Wav2Vec2|Hubert|WavLM|UniSpeech|SEW|SeamlessM4T|Speech2Text|Moonshine|Parakeet|SpeechGPT|Llama|Qwen)[A-Z]\w*"
)


def test_every_room_has_a_layer():
    rooms = {room(name) for name in modules()} - {None}
    assert rooms == set(LAYER_OF), "put a new room into LAYERS, and into the description of the layers"


def test_imports_go_downwards():
    rooms = [(room(each.importer), room(each.imported), each) for each in imports()]
    upwards = [
        str(each)
        for upper, lower, each in rooms
        if upper and lower and upper != lower and LAYER_OF[upper] >= LAYER_OF[lower]
    ]
    assert not upwards


def test_files_do_not_import_each_other_in_a_circle():
    assert not circle(between_files())


@pytest.mark.parametrize("folder", sorted(folders()))
def test_files_and_folders_of_a_folder_do_not_import_each_other_in_a_circle(folder):
    assert not circle(inside(folder))


def test_only_experiments_and_scripts_import_reporting():
    allowed = {None, "experiments", "reporting"}
    assert not [
        str(each) for each in imports() if room(each.imported) == "reporting" and room(each.importer) not in allowed
    ]


def test_experiments_do_not_import_each_other():
    def experiment(module):
        return module.split(".")[2] if module.startswith("tauspeech.experiments.") else None

    assert not [
        str(each)
        for each in imports()
        if experiment(each.imported) and experiment(each.importer) != experiment(each.imported)
    ], "experiments are found by their names; what two of them need belongs into a lower room"


def test_a_family_is_imported_by_name_only_in_its_own_folder():
    homes = {module.rpartition(".")[0] for module in (family.module for family in FAMILIES.values())}
    outside = [
        str(each)
        for home in homes
        for each in imports()
        if f"{each.imported}.".startswith(f"{home}.") and not f"{each.importer}.".startswith(f"{home}.")
    ]
    assert homes
    assert not outside


def test_classes_of_one_family_are_named_only_in_models():
    files = [path for name, path in modules().items() if room(name) != "models"]
    named = [
        f"{shown(path)}:{line} names {name}"
        for path in [*files, *sorted((PROJECT / "tools").glob("*.py"))]
        for name, line in _names(path)
        if OF_ONE_FAMILY.fullmatch(name)
    ]
    assert not named


@pytest.mark.parametrize("folder", ["bench", "tools", "rules"])
def test_what_is_imported_from_the_package_exists(folder):
    """mypy sees the package alone, and benchmarks are not run by the tests."""
    files = sorted(path for pattern in ("*.py", "*.smk") for path in (PROJECT / folder).glob(pattern))
    assert files
    assert not [
        f"{shown(path)} imports {name} from {module}"
        for path in files
        for module, name in _imported_names(path)
        if f"{module}.{name}" not in modules() and name not in _defined(module)
    ]


def _imported_names(path):
    """Modules of the package with what is imported from each; a rule file is no Python, but its imports are."""
    statements = re.findall(
        r"^ *from tauspeech[\w.]* import (?:\([^)]*\)|.*)", path.read_text(encoding="utf-8"), re.MULTILINE
    )
    for statement in statements:
        (node,) = ast.parse(statement.strip()).body
        yield from ((node.module, alias.name) for alias in node.names)


def _defined(module):
    """Names that a module defines or imports."""
    if module not in modules():
        return set()
    names = set()
    for node in tree_of(modules()[module]).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {alias.asname or alias.name for alias in node.names}
        else:
            names |= {
                each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
            }
    return names


def _names(path):
    """Names and short texts of a file with their lines, so that ``getattr(transformers, "WhisperModel")`` is found, too."""
    for node in ast.walk(tree_of(path)):
        for name in (
            getattr(node, "id", None),
            getattr(node, "attr", None),
            node.name if isinstance(node, ast.alias) else None,
            getattr(node, "value", None) if isinstance(node, ast.Constant) else None,
        ):
            if isinstance(name, str):
                yield name, getattr(node, "lineno", 0)
