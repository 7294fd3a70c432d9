"""Centres that are published as pickles of scikit-learn's k-means, by joblib or by pickle itself.

No class of such a file is loaded but numpy's arrays and number types: whatever else it names becomes an empty object, and no
function of it is called.
"""

import pickle
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import numpy as np

from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import write_atomic

CENTRES = "cluster_centers_"
_TORCH = (b"PK", b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.")  # beginnings of files of torch.save, new and old
_ARRAY = ("numpy.core.multiarray", "numpy._core.multiarray")


class NamedObject:
    """In place of an object of a class that is not loaded, with its attributes."""

    def __new__(cls, *_: Any) -> "NamedObject":
        return super().__new__(cls)

    def __setstate__(self, state: Any) -> None:
        self.__dict__.update(state if isinstance(state, dict) else {})


class ArrayBehind(NamedObject):
    """joblib's description of an array whose bytes follow in the file."""

    def read(self, file: BinaryIO) -> np.ndarray:
        about = self.__dict__
        dtype, shape = about["dtype"], tuple(about["shape"])
        if dtype.hasobject:
            raise ValueError("an array of objects")
        if about.get("numpy_array_alignment_bytes") is not None:
            file.read(int.from_bytes(file.read(1), "little"))
        count = int(np.prod(shape, dtype=np.int64))
        data = file.read(count * dtype.itemsize)
        return np.frombuffer(data, dtype, count).reshape(shape, order=about["order"]).copy()


# Python's own unpickler in Python, which joblib extends, too: it reads no further than it must, so that arrays can follow.
_Unpickler: Any = vars(pickle)["_Unpickler"]


class CentresUnpickler(_Unpickler):
    """Reads numbers, texts and arrays."""

    dispatch: ClassVar[dict[int, Any]] = dict(_Unpickler.dispatch)

    def __init__(self, file: BinaryIO):
        super().__init__(file)
        self._source = file

    def find_class(self, module: str, name: str) -> Any:
        if module in _ARRAY and name in ("_reconstruct", "scalar"):
            return vars(import_module("numpy._core.multiarray"))[name]
        if (module, name) in (("numpy", "ndarray"), ("numpy", "dtype")):
            return getattr(np, name)
        return ArrayBehind if name == "NumpyArrayWrapper" else type(name, (NamedObject,), {})

    def load_build(self) -> None:
        super().load_build()
        if isinstance(self.stack[-1], ArrayBehind):
            self.stack.append(self.stack.pop().read(self._source))

    dispatch[pickle.BUILD[0]] = load_build


def is_pickled_kmeans(path: Path) -> bool:
    """True for a file that may be one: a pickle that is not of torch.save, or joblib's in compressed form."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(20)
    return head.startswith((b"\x80", b"\x78", b"\x1f\x8b")) and not head.startswith(_TORCH)


def convert_centres(path: Path) -> Path:
    """Write the centres of a pickled k-means as an array beside it."""
    target = path.with_suffix(".npy")
    if target.exists():
        raise UserError(f"{target} already exists: move or delete it to convert again.")
    centres = pickled_centres(path)
    write_atomic(target, lambda part: _write(part, centres))
    return target


def pickled_centres(path: Path) -> np.ndarray:
    """Centres of a pickled k-means, as an array of clusters by width."""
    with path.open("rb") as file:
        if not file.peek(1).startswith(b"\x80"):
            raise UserError(f"{path} is compressed: unpack it first, or save the array {CENTRES} by numpy.save.")
        try:
            found = CentresUnpickler(file).load()
        except Exception:  # a broken or hostile file may fail in any way
            found = None
    centres = found if isinstance(found, np.ndarray) else getattr(found, "__dict__", {}).get(CENTRES)
    if not isinstance(centres, np.ndarray) or centres.ndim != 2 or not np.issubdtype(centres.dtype, np.floating):
        raise UserError(
            f"{path} is neither a k-means of scikit-learn nor a file of torch.save, or contains code besides weights, and was not "
            "loaded: give the file that joblib.dump or torch.save wrote."
        )
    return centres


def _write(path: Path, centres: np.ndarray) -> None:
    with path.open("wb") as file:
        np.save(file, centres)
