"""Models of the user's, as the stage base comes upon them, and results that somebody has changed."""

import hashlib
import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import TrainerState

from tests.bad_inputs.judge import Case, refused
from tests.bad_inputs.world import World

WEIGHTS = "model.safetensors"
A_TENSOR = "model.decoder.layer_norm.weight"


class Runs:
    """What runs a command when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("ran"),)


def changed(**tensors: Any) -> Callable[[World], None]:
    """The base with a tensor set to what a function makes of it, or taken out."""

    def harm(world: World) -> None:
        file = world.project / "base" / WEIGHTS
        held = load_file(file)
        for name, change in tensors.items():
            held[name] = change(held.pop(name)).contiguous()
        save_file({name: each for name, each in held.items() if each.numel()}, file, metadata={"format": "pt"})

    return harm


def in_place_of_weights(file: str, content: Callable[[], bytes]) -> Callable[[World], None]:
    def harm(world: World) -> None:
        (world.project / "base" / WEIGHTS).unlink()
        world.write(f"base/{file}", content())

    return harm


def pickled(ending: str) -> Case:
    says = ("base", f"pytorch_model{ending}", "which is never loaded", "tauspeech convert base")
    harm = in_place_of_weights(f"pytorch_model{ending}", lambda: pickle.dumps(Runs()))
    return Case(f"weights in {ending}", harm, says)


def rewritten(name: str, file: str, content: str | bytes, *says: str) -> Case:
    return Case(name, lambda world: world.write(f"base/{file}", content), ("base", *says))


def without(*files: str) -> Callable[[World], None]:
    def harm(world: World) -> None:
        for file in files:
            (world.project / "base" / file).unlink()

    return harm


def cut(world: World) -> None:
    file = world.project / "base" / WEIGHTS
    file.write_bytes(file.read_bytes()[:-1000])


def index(*shards: str) -> Callable[[World], None]:
    content = {"metadata": {}, "weight_map": {f"t{number}": shard for number, shard in enumerate(shards)}}
    return in_place_of_weights(f"{WEIGHTS}.index.json", lambda: json.dumps(content).encode())


def spoilt(value: float) -> Callable[[torch.Tensor], torch.Tensor]:
    return lambda tensor: torch.full_like(tensor, value)


def about(name: str, *says: str, **changes: Any) -> Case:
    return Case(name, lambda world: world.edit_json("base/config.json", **changes), ("base", *says))


CASES = [
    *map(pickled, (".bin", ".pt", ".pth")),
    Case("no weights", without(WEIGHTS), ("base", "has neither model.safetensors nor")),
    Case("no tokenizer", without("tokenizer.json", "vocab.json", "merges.txt"), ("base", "no Whisper model could be")),
    Case(
        "no features", without("preprocessor_config.json", "processor_config.json"), ("base", "no Whisper model could")
    ),
    rewritten("a pickle under another name", WEIGHTS, pickle.dumps(Runs()), WEIGHTS),
    rewritten("no bytes", WEIGHTS, b"", WEIGHTS),
    rewritten("a header of 4 GB", WEIGHTS, (2**32).to_bytes(8, "little") + b"{}", WEIGHTS),
    rewritten("a configuration that is no JSON", "config.json", "{", "config.json"),
    rewritten("a configuration that is a list", "config.json", "[]", "config.json"),
    rewritten("a tokenizer that is no JSON", "tokenizer.json", "{", "no Whisper model could be loaded"),
    Case("half a file", cut, ("base", WEIGHTS)),
    Case("a shard that is missing", index("a.safetensors"), ("base", "a.safetensors")),
    Case("a shard elsewhere", index("../words.tsv"), ("base", "outside its folder")),
    Case("a shard that is a pickle", index("pytorch_model.bin"), ("base", "pytorch_model.bin")),
    Case("no numbers", changed(**{A_TENSOR: spoilt(float("nan"))}), (A_TENSOR, "NaN or infinity")),
    Case("infinity", changed(**{A_TENSOR: spoilt(float("inf"))}), (A_TENSOR, "NaN or infinity")),
    Case("another shape", changed(**{A_TENSOR: lambda tensor: tensor[:-1]}), ("base", A_TENSOR)),
    Case("a tensor too few", changed(**{A_TENSOR: lambda tensor: tensor[:0]}), ("base", A_TENSOR)),
    about("another size", "base", d_model=128),
    about("no architecture", "not supported: give one of the types", model_type=None),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_bad_model_is_refused(world: World, case: Case) -> None:
    case.harm(world)
    world.planned()
    refused(world, lambda: world.stage("prepare_base.py", "base", "base"), "Error in base 'base': ", case.says)
    assert not list(world.root.rglob("ran"))


def test_another_architecture_is_refused_by_the_plan(world: World) -> None:
    world.edit_json("base/config.json", model_type="mistral")
    refused(world, world.planning, "Error: ", ("'base'", "a model of the type 'mistral'", "not supported: give one of"))


def overwritten(file: str, content: bytes) -> Callable[[World], None]:
    return lambda world: world.write(f"results/t/{file}", content) and None


CHANGED = [
    Case("weights", overwritten("models/base/model.safetensors", b"other"), ("model.safetensors", "changed by hand")),
    Case("speech", overwritten("speech/berlin-wall.parquet", b"PAR1"), ("berlin-wall.parquet", "changed by hand")),
    Case("a receipt", overwritten("speech/berlin-wall.receipt.json", b"{"), ("berlin-wall.receipt.json", "no")),
    Case(
        "a receipt that is empty", overwritten("speech/berlin-wall.receipt.json", b"{}"), ("berlin-wall.receipt.json",)
    ),
    Case(
        "a file that is gone",
        lambda world: (world.results / "speech/berlin-wall.parquet").unlink(),
        ("berlin-wall.parquet is missing",),
    ),
]


@pytest.mark.parametrize("case", CHANGED, ids=str)
def test_a_changed_result_is_refused(world: World, case: Case) -> None:
    case.harm(world)
    act = lambda: world.stage("finetune.py", "finetune", "berlin-wall")  # noqa: E731
    refused(world, act, "Error in finetune 'berlin-wall': ", case.says)


def test_a_pickle_beside_the_weights_is_not_opened(world: World) -> None:
    """As in many folders of the hub."""
    world.write("base/pytorch_model.bin", pickle.dumps(Runs()))
    world.planned()
    assert world.stage("prepare_base.py", "base", "base").status == 0
    assert not list(world.root.rglob("ran"))
    assert not list(world.results.rglob("*.bin"))


def test_a_pickle_among_the_checkpoints_of_a_training_is_not_run(world: World) -> None:
    """The Trainer's own state is the one pickle that the workflow opens by itself."""
    specification = world.results / "plan" / "finetune" / "berlin-wall.json"
    key = hashlib.sha256(specification.read_bytes()).hexdigest()[:16]
    checkpoint = world.results / "checkpoints" / "berlin-wall" / key / "checkpoint-1"
    checkpoint.mkdir(parents=True)
    shutil.copy(world.project / "base" / WEIGHTS, checkpoint)
    going_on = {"args": {"should_training_stop": False}, "attributes": {}}
    state = TrainerState(
        global_step=0, max_steps=1, train_batch_size=4, stateful_callbacks={"TrainerControl": going_on}
    )
    state.save_to_json(str(checkpoint / "trainer_state.json"))
    for name in ("optimizer.pt", "scheduler.pt"):
        torch.save(Runs(), checkpoint / name)
    act = lambda: world.stage("finetune.py", "finetune", "berlin-wall")  # noqa: E731
    refused(world, act, "Error in finetune 'berlin-wall': ", ("checkpoint-1", "delete it and run again"))
    assert not list(world.root.rglob("ran"))
