"""Precision: half precision is refused on a CPU without instructions for it, before anything is trained."""

from types import SimpleNamespace

import pytest

import finetune
from tauspeech.models import devices
from tauspeech.models.devices import require_precision
from tauspeech.runtime.errors import UserError
from tauspeech.training.foundation import train_foundation


@pytest.fixture
def machine(monkeypatch):
    def of(device, bf16):
        monkeypatch.setattr(devices, "device", lambda: device)
        monkeypatch.setattr(devices, "_has_bf16", lambda: bf16)

    return of


@pytest.mark.parametrize(
    ("device", "bf16", "precision", "allowed"),
    [
        ("cpu", False, "fp32", True),
        ("cpu", False, "bf16", False),
        ("cpu", False, "fp16", False),
        ("cpu", True, "bf16", True),
        ("cpu", True, "fp16", False),
        ("cpu", True, "fp32", True),
        ("cuda", False, "fp32", True),
        ("cuda", False, "bf16", True),
        ("cuda", False, "fp16", True),
    ],
)
def test_half_precision_needs_a_gpu_or_instructions_for_it(machine, device, bf16, precision, allowed):
    machine(device, bf16)
    if allowed:
        require_precision(precision, "training.precision")
        return
    with pytest.raises(UserError) as caught:
        require_precision(precision, "training.precision")
    message = str(caught.value)
    assert message.startswith(
        f"key 'training.precision' is {precision}, and this CPU has no instructions for {precision}"
    )
    assert "Set it to fp32, or use a GPU." in message and "\n" not in message


@pytest.mark.parametrize("processor", ["aarch64", "arm64"])
def test_arm_processors_have_bf16(monkeypatch, processor):
    monkeypatch.setattr(devices.platform, "machine", lambda: processor)
    assert devices._has_bf16()


class UntouchedJob(SimpleNamespace):
    """A job whose sets must not be read."""

    threads = 1

    def input(self, role, file=None):
        return None

    def inputs(self, role, file=None):
        raise AssertionError("the sets were read")


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_a_training_is_refused_before_it_reads_its_sets(machine, precision):
    machine("cpu", False)
    with pytest.raises(UserError, match=r"key 'training\.precision' is"):
        finetune.main(UntouchedJob(settings={"precision": precision}))
    with pytest.raises(UserError, match=r"key 'training\.precision' is"):
        train_foundation(UntouchedJob(settings={"size": "tiny", "training": {"precision": precision}}), None)
