"""Speech models of transformers: folder, loading and reproducible random numbers."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tauspeech.data.json_files import read_json
from tauspeech.data.pickles import command
from tauspeech.remote.hub import model_folder
from tauspeech.remote.quiet import quiet
from tauspeech.runtime.errors import UserError
from tauspeech.speech.engine_tools import key


def folder_of(model: dict[str, Any], setting: str, *kinds: str) -> Path:
    """Folder of the model in a setting; downloads the model if it is missing."""
    name, where = model[setting], key(model, setting)
    try:
        folder = model_folder(name, Path())
        if not folder.is_dir():
            raise UserError(f"{name} is neither a folder nor a model of the hub (OWNER/NAME): check the name.")
        if (found := read_json(folder / "config.json").get("model_type")) not in kinds:
            raise UserError(f"{name} is a model of the type '{found}', not '{kinds[0]}': give another one.")
    except UserError as error:
        raise UserError(f"{where}: {error}") from None
    return folder


def load(network: Any, folder: Path, model: dict[str, Any], setting: str = "model") -> Any:
    """Network with its weights in float32, on the GPU if there is one."""
    import torch
    from safetensors import SafetensorError

    quiet()
    if not any(folder.glob("model*.safetensors")):
        raise UserError(_no_weights(model[setting], key(model, setting)))
    try:
        loaded, found = network.from_pretrained(
            folder, dtype=torch.float32, use_safetensors=True, output_loading_info=True
        )
    except (OSError, RuntimeError, ValueError, SafetensorError) as error:
        raise UserError(
            f"{key(model, setting)}: {model[setting]} cannot be loaded ({str(error).splitlines()[0]}): "
            "download the model again."
        ) from None
    # transformers would only warn, and initialise the missing weights at random.
    if lacking := found["missing_keys"] & dict(loaded.named_parameters()).keys():
        raise UserError(
            f"{key(model, setting)}: {model[setting]} lacks {len(lacking)} weights, such as {min(lacking)}: "
            "download the model again."
        )
    return loaded.eval().to("cuda" if torch.cuda.is_available() else "cpu")


def _no_weights(name: str, where: str) -> str:
    folder = Path(name).name.partition("@")[0]
    return (
        f"{where}: {name} has no weights in the format safetensors, the only one that is loaded: give a revision that has "
        f"them (NAME@REVISION), or, if you trust the model, run `hf download {name} --local-dir {folder}` and "
        f"{command(Path(folder))} and give the folder {folder}."
    )


def tokenizer(kind: Any, folder: Path, model: dict[str, Any], *files: str) -> Any:
    """Tokenizer of a model. Raises UserError if all ``files`` are missing, for which transformers may build an empty one."""
    try:
        if not any((folder / file).is_file() for file in files):
            raise OSError(f"no {' or '.join(files)}")
        return kind.from_pretrained(folder)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise UserError(
            f"{key(model, 'model')}: the tokenizer of {model['model']} cannot be loaded "
            f"({str(error).splitlines()[0]}): download the model again."
        ) from None


def version_text(kind: str, name: str) -> str:
    return f"transformers {version('transformers')} {kind} {name}"


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Context with torch's random generators seeded; afterwards they have their previous state."""
    import torch

    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    before = torch.backends.cudnn.deterministic
    with torch.random.fork_rng(devices), torch.no_grad():
        torch.manual_seed(seed)
        torch.backends.cudnn.deterministic = True
        try:
            yield
        finally:
            torch.backends.cudnn.deterministic = before
