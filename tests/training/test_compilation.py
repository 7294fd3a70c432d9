"""training.compile: the layers are compiled for training, not for validation, and the model is the same but for rounding."""

import pytest
import torch

from tauspeech.models.foundation_sizes import SIZES
from tauspeech.models.tasks import SpeechTask
from tauspeech.models.whisper.foundation import new_model
from tauspeech.plan.runtime_settings import training_settings
from tauspeech.runtime.errors import UserError
from tauspeech.training import compilation
from tauspeech.training.examples import Examples
from tauspeech.training.trainer import train
from tests.training.test_trainer import SETTINGS, TEXTS, row


@pytest.fixture
def compiled(monkeypatch):
    """Shapes of the first input of all graphs that a backend was asked to compile; it runs them as they are."""
    graphs = []

    def backend(graph, inputs):
        graphs.append(graph)
        return graph.forward

    monkeypatch.setattr(compilation, "BACKEND", backend)
    torch.compiler.reset()
    yield graphs
    torch.compiler.reset()


def trained(folder, score=None, **settings):
    model = new_model(TEXTS, SIZES["tiny"], 1)
    examples = [Examples([(row("a", 1.0), [SpeechTask("transcribe", "zh", "zh")])], model) for _ in range(2)]
    history = train(model, *examples, SETTINGS | settings, checkpoints=folder, seed=1, score=score)
    return model.network.state_dict(), history


def test_compiled_layers_train_the_same_weights(tmp_path, compiled):
    plain, _ = trained(tmp_path / "plain")
    assert not compiled
    weights, _ = trained(tmp_path / "compiled", compile=True)
    assert compiled
    assert weights.keys() == plain.keys()
    assert all(torch.allclose(weights[name], plain[name], atol=1e-5) for name in plain)


def test_nothing_is_compiled_for_validation(tmp_path, compiled):
    during = []

    def score():
        model = new_model(TEXTS, SIZES["tiny"], 1)
        compilation.compile_layers(model.network)
        before = len(compiled)
        model.network.eval()(input_features=torch.zeros(3, 80, 240), labels=torch.ones(3, 7, dtype=torch.long))
        during.append(len(compiled) - before)
        return 1.0

    trained(tmp_path / "scored", score, compile=True)
    assert during == [0]
    assert compiled


def test_a_missing_compiler_is_named(tmp_path, monkeypatch):
    def backend(graph, inputs):
        raise RuntimeError("no working C++ compiler")

    monkeypatch.setattr(compilation, "BACKEND", backend)
    torch.compiler.reset()
    with pytest.raises(
        UserError, match=r"could not be compiled .*no working C\+\+ compiler.*training.compile to false"
    ):
        trained(tmp_path, compile=True)


def test_without_the_key_a_specification_has_none():
    assert "compile" not in training_settings({"epochs": 1, "compile": False})
    assert training_settings({"compile": True})["compile"]
