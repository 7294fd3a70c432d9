"""Modules of scoring that plans import."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["headline", "rules", "sclite_program"])
def test_what_plans_import_loads_no_numpy(module):
    code = f"import sys, tauspeech.scoring.{module}; print('numpy' in sys.modules)"
    environment = {"PYTHONPATH": ":".join(filter(None, sys.path))}
    assert subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True).stdout == b"False\n"
