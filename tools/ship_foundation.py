"""Copy a trained foundation into the project, in half precision: ``ship_foundation.py FROM TO``.

Its receipt is copied, too, with the hashes of the half-precision files: it records what the foundation was trained on.
"""

import json
import sys
from pathlib import Path

from tauspeech.runtime.files import canonical_json, sha256_file, write_folder, write_text
from tauspeech.runtime.receipts import Receipt


def main(origin: Path, target: Path) -> None:
    import torch

    from tauspeech.vectors.files.checkpoint import read_weights, write_model

    receipt = Receipt.read(origin / "receipt.json")
    receipt.files()
    halved = {
        name: weight.to(torch.float16) if weight.is_floating_point() else weight
        for name, weight in read_weights(origin).items()
    }
    write_folder(target, lambda folder: write_model(origin, halved, folder))
    shipped = {file.name: sha256_file(file) for file in sorted(target.iterdir())}
    trained = json.loads((origin / "receipt.json").read_text(encoding="utf-8"))
    content = trained | {"outputs": shipped, "trained": trained["outputs"], "stored_as": "float16"}
    write_text(target / "receipt.json", canonical_json(content))
    size = sum(file.stat().st_size for file in target.iterdir())
    print(f"{target}: {size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
