"""Published centres: files that scikit-learn 1.9.1 and joblib 1.6.0 wrote, of a k-means of 4 centres of width 3."""

import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from tauspeech.commands.main import main
from tauspeech.models.units.extractor import read_centres
from tauspeech.models.units.published import is_pickled_kmeans, pickled_centres
from tauspeech.runtime.errors import UserError

FILES = Path(__file__).parent / "published"
EXPECTED = np.load(FILES / "km.npy")


class Danger:
    """Writes a file when an ordinary unpickler opens it."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("name", ["km.bin", "km.pkl"])
def test_centres_are_those_of_scikit_learn(name):
    assert EXPECTED.shape == (4, 3)
    assert np.array_equal(pickled_centres(FILES / name), EXPECTED)


def test_no_function_of_a_file_is_called(tmp_path):
    path, trace = tmp_path / "km.bin", tmp_path / "trace"
    path.write_bytes(pickle.dumps({"cluster_centers_": Danger(trace)}))
    with pytest.raises(UserError, match="contains code besides weights"):
        pickled_centres(path)
    assert not trace.exists()


@pytest.mark.parametrize("size", [1, 40, 400, 900])
def test_a_file_that_was_cut_is_refused(tmp_path, size):
    (tmp_path / "km.bin").write_bytes((FILES / "km.bin").read_bytes()[:size])
    with pytest.raises(UserError, match="is neither a k-means of scikit-learn nor a file of torch"):
        pickled_centres(tmp_path / "km.bin")


def test_what_is_neither_is_told_apart(tmp_path):
    torch.save({"a": torch.zeros(2)}, tmp_path / "new.bin")
    torch.save({"a": torch.zeros(2)}, tmp_path / "old.bin", _use_new_zipfile_serialization=False)
    assert [is_pickled_kmeans(tmp_path / f"{name}.bin") for name in ("new", "old", "none")] == [False] * 3
    with pytest.raises(UserError, match=r"compressed\.bin is compressed: unpack it first"):
        pickled_centres(FILES / "compressed.bin")


def test_centres_are_read_from_numpy_and_safetensors_alike(tmp_path):
    save_file({"centres": EXPECTED}, tmp_path / "km.safetensors")
    assert np.array_equal(read_centres(tmp_path / "km.safetensors"), read_centres(FILES / "km.npy"))
    save_file({"a": EXPECTED, "b": EXPECTED}, tmp_path / "two.safetensors")
    for path in (tmp_path / "two.safetensors", FILES / "km.bin"):
        with pytest.raises(UserError, match="a pickled k-means becomes one with `tauspeech convert`"):
            read_centres(path)


def test_the_command_writes_an_array_beside_the_file_and_never_over_another(tmp_path, capsys):
    path = shutil.copy(FILES / "km.bin", tmp_path)
    assert main(["convert", str(path)]) == 0 and "km.npy" in capsys.readouterr().out
    assert np.array_equal(read_centres(tmp_path / "km.npy"), EXPECTED)
    assert main(["convert", str(path)]) != 0 and "km.npy already exists" in capsys.readouterr().err
