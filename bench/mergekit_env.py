"""Environment of mergekit, and its commands for merges of model folders.

``mergekit-pytorch`` merges all tensors of the files. ``mergekit-yaml`` needs a table of tensor names for each
architecture; in version 0.1.5 that of Whisper fails, since a prefix lacks its final dot.
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT / ".venv-mergekit"
PINS = ROOT / "envs" / "requirements-mergekit.txt"
TORCH = ROOT / "envs" / "torch.txt"
MARK = HOME / "installed.txt"  # the pins that are in it, written last
WEIGHTS = "model.safetensors"


def ready() -> bool:
    return MARK.is_file() and MARK.read_text(encoding="utf-8") == _pinned()


def _pinned() -> str:
    return PINS.read_text(encoding="utf-8") + TORCH.read_text(encoding="utf-8")


def install() -> str | None:
    """Make the environment unless it exists; return the reason if that fails."""
    if ready():
        return None
    print(f"Installing what {PINS.relative_to(ROOT)} pins into {HOME.relative_to(ROOT)} ...", flush=True)
    pip = [str(HOME / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(HOME)],
        [*pip, "--require-hashes", "--no-deps", "-r", str(PINS)],
        [*pip, "-r", str(TORCH)],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            errors = [line for line in (done.stdout + done.stderr).splitlines() if "ERROR" in line]
            return errors[-1] if errors else f"{command[0]} ended with {done.returncode}"
    MARK.write_text(_pinned(), encoding="utf-8")
    return None


def command(method: str, base: Path, tuned: Sequence[Path], out: Path, density: float = 1.0) -> list[str]:
    """Merge ``tuned``, each with weight 1/K, into ``out``/model.safetensors, with the recipe beside it."""
    parameters = {"weight": 1 / len(tuned)} | ({} if method == "task_arithmetic" else {"density": density})
    content = {
        "merge_method": method,
        "base_model": str(base / WEIGHTS),
        "models": [{"model": str(folder / WEIGHTS), "parameters": parameters} for folder in tuned],
        "parameters": {"normalize": False},  # as published: a sum, not divided by the weights of those that agree
        "dtype": "float32",
    }
    recipe = out.with_name(f"{out.name}.yaml")
    recipe.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return [str(HOME / "bin" / "mergekit-pytorch"), str(recipe), str(out), "--num-threads", "1", "--quiet"]
