"""Import of a user's own fine-tune in place of a training."""

import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from tauspeech.models.families import FAMILIES
from tauspeech.models.family import open_model
from tauspeech.models.foundation_sizes import SIZES
from tauspeech.models.own_finetunes import import_finetune
from tauspeech.models.whisper.foundation import new_model
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import sha256_file

WEIGHTS = "model.safetensors"


@pytest.fixture
def folders(tmp_path):
    """A base, and what a trainer saves of a fine-tune: weights and configuration, without the tokenizer."""
    new_model(["We visited the Berlin Wall."], SIZES["tiny"], 1).save(tmp_path / "base")
    (tmp_path / "own").mkdir()
    shutil.copy(tmp_path / "base" / "config.json", tmp_path / "own")
    changed = {name: each + 1 for name, each in load_file(tmp_path / "base" / WEIGHTS).items()}
    save_file(changed, tmp_path / "own" / WEIGHTS, {"format": "pt"})
    (tmp_path / "made").mkdir()
    return tmp_path / "base", tmp_path / "own", tmp_path / "made"


def settings(own):
    files = {name: sha256_file(own / name) for name in ("config.json", WEIGHTS)}
    return {"kind": "model", "path": str(own), "files": files}


def test_its_weights_come_with_the_bases_tokenizer(folders):
    base, own, made = folders
    import_finetune(settings(own), base, made)
    kept = {
        path.name for path in base.iterdir() if not path.name.startswith(".")
    }  # hashes are kept of files of some age
    assert {path.name for path in made.iterdir()} == kept
    expected, found = load_file(own / WEIGHTS), load_file(made / WEIGHTS)
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)
    open_model(made)


def test_a_fine_tune_that_moved_what_is_fixed_is_imported_with_a_warning(folders, capsys):
    base, own, made = folders
    import_finetune(settings(own), base, made)
    (warning,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("warning: ")]
    assert f"{own} differs from its base in model.encoder.embed_positions.weight, which the architecture" in warning


def test_what_stayed_fixed_needs_no_warning_and_rounding_is_no_change(folders, capsys):
    base, own, made = folders
    weights = load_file(own / WEIGHTS)
    fixed = {name: load_file(base / WEIGHTS)[name].bfloat16() for name in weights if "encoder.embed_positions" in name}
    assert len(fixed) == 1
    save_file(weights | fixed, own / WEIGHTS, {"format": "pt"})
    import_finetune(settings(own), base, made)
    assert "warning" not in capsys.readouterr().out


def test_the_table_of_fixed_weights_is_what_the_architecture_declares(folders):
    network = open_model(folders[0]).network
    declared = tuple(
        name for name, weight in type(network)(network.config).named_parameters() if not weight.requires_grad
    )
    assert FAMILIES["whisper"].fixed == declared


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param(lambda each: torch.full_like(each, torch.nan), "contains NaN or infinity", id="nan"),
        pytest.param(lambda each: each[:-1].contiguous(), r"is float32\[47\] in .* but float32\[48\] in", id="shape"),
    ],
)
def test_weights_that_are_no_fine_tune_of_the_base_are_refused(folders, change, says):
    base, own, made = folders
    weights = load_file(own / WEIGHTS)
    name = "model.decoder.layer_norm.weight"
    save_file(weights | {name: change(weights[name])}, own / WEIGHTS, {"format": "pt"})
    with pytest.raises(UserError, match=says):
        import_finetune(settings(own), base, made)
