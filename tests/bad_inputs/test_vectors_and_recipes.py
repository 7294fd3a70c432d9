"""Recipes and vectors, as the command tauspeech is given them."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from tests.bad_inputs.judge import Case, refused
from tests.bad_inputs.test_checkpoints import Runs
from tests.bad_inputs.world import World

RECIPE = {"base": "base", "method": "task_arithmetic", "vectors": [{"path": "v.safetensors"}]}


def prepare(world: World) -> None:
    """A vector of the run under a short name, beside the recipe."""
    world.write("v.safetensors", (world.results / "vectors" / "berlin-wall.safetensors").read_bytes())
    world.write("recipe.yaml", yaml.safe_dump(RECIPE))


def recipe(name: str, *says: str, **changes: Any) -> Case:
    return Case(name, lambda world: world.write("recipe.yaml", yaml.safe_dump(RECIPE | changes)), says)


def text(name: str, content: str | bytes, *says: str) -> Case:
    return Case(name, lambda world: world.write("recipe.yaml", content), ("recipe.yaml", *says))


def vector(name: str, file: str, content: Callable[[World], bytes], *says: str) -> Case:
    def harm(world: World) -> None:
        world.write(file, content(world))
        world.write("recipe.yaml", yaml.safe_dump(RECIPE | {"vectors": [{"path": file}]}))

    return Case(name, harm, (file, *says))


def pickled(ending: str) -> Case:
    return vector(
        f"a vector in {ending}",
        f"old{ending}",
        lambda world: pickle.dumps(Runs()),
        "is pickle, which is never loaded",
        f"tauspeech convert old{ending}",
    )


def of_vector(change: Callable[[bytes], bytes]) -> Callable[[World], bytes]:
    return lambda world: change((world.project / "v.safetensors").read_bytes())


def without_numbers(held: bytes) -> bytes:
    return held[:-4] + b"\0\0\xc0\x7f"


def other_base(world: World) -> None:
    file = world.project / "base" / "model.safetensors"
    save_file({name: each + 1 for name, each in load_file(file).items()}, file, metadata={"format": "pt"})


def adapter(world: World) -> None:
    world.write(
        "adapter/adapter_config.json", '{"peft_type": "LORA", "r": 2, "lora_alpha": 2, "target_modules": ["q"]}'
    )
    world.write("adapter/adapter_model.bin", pickle.dumps(Runs()))
    world.write("recipe.yaml", yaml.safe_dump(RECIPE | {"vectors": [{"path": "adapter"}]}))


def full_output(world: World) -> None:
    world.write("out/thesis.txt", "ten years of work")


def model_of_pickle(world: World) -> None:
    world.write("tuned/config.json", (world.project / "base" / "config.json").read_bytes())
    world.write("tuned/pytorch_model.bin", pickle.dumps(Runs()))
    world.write("recipe.yaml", yaml.safe_dump(RECIPE | {"vectors": [{"path": "tuned"}]}))


CASES = [
    text("no YAML", "base: [", "is not valid YAML"),
    text("no text", b"\xff\xfe\0", "is not valid YAML"),
    text("code in YAML", "base: !!python/object/apply:os.system ['touch ran']", "is not valid YAML"),
    text("a list", "- a\n", "is not a mapping of keys"),
    text("nothing", "", "is not a mapping of keys"),
    recipe("an unknown key", "recipe.yaml: key 'vectrs' is unknown: did you mean 'vectors'", vectrs=[]),
    recipe("an unknown method", "key 'method' is 'mix': choose one of", method="mix"),
    recipe("a method of 10,000 letters", "key 'method'", method="m" * 10_000),
    recipe("a share above 1", "key 'options.keep' is 2", method="ties", options={"keep": 2}),
    recipe("a weight that is no number", "key 'vectors.0.weight' is nan", vectors=[{"path": "v.safetensors", "weight": float("nan")}]),
    recipe("an id that leads away", "key 'vectors.0.id'", vectors=[{"path": "v.safetensors", "id": "../a"}]),
    recipe("an id with a line break", "key 'vectors.0.id'", vectors=[{"path": "v.safetensors", "id": "a\n"}]),
    recipe("a vector that there is not", "no task vector at", "none.safetensors", vectors=[{"path": "none.safetensors"}]),
    recipe("a base that there is not", "none is not a model folder", base="./none"),
    recipe("a base that a shell would run", "$(touch ran)", base="./$(touch ran)"),
    *map(pickled, (".bin", ".pt", ".pth")),
    vector("a pickle under another name", "a.safetensors", lambda world: pickle.dumps(Runs()), "not a safetensors file"),
    vector("half a vector", "a.safetensors", of_vector(lambda held: held[:-100]), "truncated"),
    vector("a vector without numbers", "a.safetensors", of_vector(without_numbers), "NaN or infinity"),
    vector("a model's file", "a.safetensors", lambda world: (world.project / "base/model.safetensors").read_bytes(), "not a task vector"),
    Case("a vector of another base", other_base, ("v.safetensors", "was made from a model with fingerprint")),
    Case("a fine-tune in pickle", model_of_pickle, ("tuned", "tauspeech convert")),
    Case("an adapter in pickle", adapter, ("adapter", "tauspeech convert")),
    Case("a folder that holds something else", full_output, ("out",)),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_bad_recipe_or_vector_is_refused(world: World, case: Case) -> None:
    prepare(world)
    case.harm(world)
    act = lambda: world.tauspeech("merge", "recipe.yaml", "-o", "out", "--threads", "1")  # noqa: E731
    refused(world, act, "tauspeech merge: ", case.says)
    assert not list(world.root.rglob("ran"))


def test_what_convert_names_is_a_model_that_the_engine_takes(world: World) -> None:
    """The command of the refusals, on what `torch.save` wrote: the same vector as of the fine-tune in safetensors."""
    tuned = world.project / "results/t/models/berlin-wall"
    weights = load_file(tuned / "model.safetensors")
    (world.project / "tuned").mkdir()
    for file in tuned.glob("*.json"):
        world.write(f"tuned/{file.name}", file.read_bytes())
    tied = {"proj_out.weight": weights["model.decoder.embed_tokens.weight"]}
    torch.save(weights | tied, world.project / "tuned" / "pytorch_model.bin")
    world.write("tuned/coarse.pt", b"parts of another making, as Bark has them")
    ended = world.tauspeech("convert", "tuned")
    assert ended.status == 0, ended.err
    alone = world.project / "alone" / "pytorch_model.bin"
    alone.parent.mkdir()
    torch.save(weights, alone)
    assert world.tauspeech("convert", str(alone)).status == 0
    assert [file.name for file in alone.parent.glob("*.safetensors")] == ["model.safetensors"]
    assert world.tauspeech("vector", "base", "tuned", "-o", "of.safetensors").status == 0
    ours, theirs = (
        load_file(world.project / "of.safetensors"),
        load_file(world.results / "vectors/berlin-wall.safetensors"),
    )
    assert ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


NO_WEIGHTS = [
    ("a program", lambda file: file.write_bytes(pickle.dumps(Runs())), "contains code besides weights"),
    ("a list", lambda file: torch.save([torch.ones(2)], file), "contains no named tensors"),
    ("text", lambda file: file.write_bytes(b"hello"), "is not a file of torch.save"),
]


@pytest.mark.parametrize(
    ("name", "write", "why"), NO_WEIGHTS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_convert_opens_weights_and_nothing_else(
    world: World, name: str, write: Callable[[Path], Any], why: str
) -> None:
    write(world.project / "old.bin")
    refused(world, lambda: world.tauspeech("convert", "old.bin"), "tauspeech convert: ", ("old.bin", why))
    assert not list(world.root.rglob("ran"))


def test_convert_overwrites_nothing(world: World) -> None:
    torch.save({"a": torch.ones(2)}, world.project / "v.bin")
    world.write("v.safetensors", b"mine")
    refused(
        world, lambda: world.tauspeech("convert", "v.bin"), "tauspeech convert: ", ("v.safetensors", "already exists")
    )
