"""The plan of an experiment loads no heavy library: it is read at each start of Snakemake and for every cluster job."""

import subprocess
import sys

from tests.architecture.source import SCRIPTS, modules

HEAVY = ("torch", "transformers", "numpy", "pandas", "pyarrow", "soundfile", "soxr", "matplotlib", "safetensors")
DECLARATIONS = ("plan", "jobs", "systems", "claims")  # of an experiment, those that it has

PROGRAM = """
import sys
from importlib import import_module
from tauspeech.plan.config import schema_of
heavy = set(sys.argv[1].split(","))
for name in sys.argv[2:]:
    import_module(name)
    if name.endswith(".plan"):
        schema_of(name.split(".")[-2])
    if loaded := sorted(heavy & set(sys.modules)):
        sys.exit(f"{name} loads {', '.join(loaded)}")
"""


def test_plans_and_declarations_of_claims_load_no_heavy_library():
    experiments = sorted(path.parent.name for path in SCRIPTS.glob("tauspeech/experiments/*/plan.py"))
    wanted = [f"tauspeech.experiments.{name}.{each}" for name in experiments for each in DECLARATIONS]
    wanted += ["tauspeech.plan.index", *(name for name in modules() if name.startswith("tauspeech.plan."))]
    command = [sys.executable, "-c", PROGRAM, ",".join(HEAVY), *(name for name in wanted if name in modules())]
    done = subprocess.run(command, cwd=SCRIPTS, capture_output=True, text=True)
    assert len(experiments) >= 3
    assert done.returncode == 0, done.stderr
