"""Import of a user's own fine-tune in place of a training."""

import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

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
