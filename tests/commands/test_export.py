"""`tauspeech export`: the files that converters get, and the messages if one is missing or fails.

The converters are replaced by small programs; if ctranslate2 is installed, its converter is run, too.
"""

import argparse
import json
import os
import shutil
import sys
from importlib.metadata import PackageNotFoundError

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import WhisperFeatureExtractor, WhisperForConditionalGeneration, WhisperProcessor

from tauspeech.commands import export
from tauspeech.commands.main import main
from tauspeech.models import ctranslate2_package
from tauspeech.models.foundation_sizes import SIZES
from tauspeech.models.whisper.family import Whisper
from tauspeech.models.whisper.foundation import new_model
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.paths import FOUNDATIONS

FOUNDATION = FOUNDATIONS / "small"

# Opens the files that whisper.cpp's script opens, in the same way, and records their content.
GGML = """
import json, sys
from pathlib import Path
import numpy as np
from safetensors.numpy import load_file

model, whisper, out = map(Path, sys.argv[1:4])
config = json.loads((model / "config.json").read_text())
seen = {
    "vocab": json.loads((model / "vocab.json").read_text()),
    "added": json.loads((model / "added_tokens.json").read_text()),
    "length": config["max_length"],
    "mels": np.load(whisper / "whisper" / "assets" / "mel_filters.npz")[f"mel_{config['num_mel_bins']}"].tolist(),
    "weights": {name: str(each.dtype) for name, each in load_file(model / "model.safetensors").items()},
}
assert len(sys.argv) == 4  # a fifth would mean f32
(out / "ggml-model.bin").write_text(json.dumps(seen))
"""

# The same for ctranslate2's converter.
CT2 = """#!{python}
import argparse, json, shutil
from pathlib import Path

parser = argparse.ArgumentParser()
for name in ("model", "output_dir"):
    parser.add_argument("--" + name, type=Path)
parser.add_argument("--quantization")
parser.add_argument("--force", action="store_true")
parser.add_argument("--copy_files", nargs="+")
args = parser.parse_args()
if args.output_dir.exists() and not args.force:
    raise RuntimeError("output directory exists")
for name in args.copy_files:
    shutil.copy(args.model / name, args.output_dir)
generation = json.loads((args.model / "generation_config.json").read_text())
assert "_from_model_config" not in generation  # else transformers drops the languages
languages = sorted(generation["lang_to_id"].values())
(args.output_dir / "model.bin").write_text(json.dumps({{"quantization": args.quantization, "languages": languages}}))
"""


@pytest.fixture
def run(capsys, monkeypatch):
    """The command with these arguments; its output is in ``out`` and ``err``."""
    parser = argparse.ArgumentParser()
    export.add(parser.add_subparsers())
    monkeypatch.delenv("WHISPER_CPP", raising=False)

    def call(*arguments):
        args = parser.parse_args(["export", *map(str, arguments)])
        capsys.readouterr()
        try:
            args.run(args)
        finally:
            call.out, call.err = capsys.readouterr()

    return call


@pytest.fixture
def checkout(tmp_path):
    folder = tmp_path / "whisper.cpp"
    (folder / "models").mkdir(parents=True)
    (folder / "models" / "convert-h5-to-ggml.py").write_text(GGML)
    return folder


@pytest.fixture
def without_ctranslate2(monkeypatch, tmp_path):
    """A PATH without the package's program, and no package; returns the path where a program would be found."""

    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(ctranslate2_package, "version", missing)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "bin").mkdir()
    return tmp_path / "bin" / "ct2-transformers-converter"


@pytest.fixture
def converter(without_ctranslate2):
    without_ctranslate2.write_text(CT2.format(python=sys.executable))
    without_ctranslate2.chmod(0o755)


@pytest.fixture(scope="module")
def saved_by_v5(tmp_path_factory):
    """A model with 30 s windows as transformers 5 saves it, without the older files that converters need."""
    folder = tmp_path_factory.mktemp("v5")
    texts = ["我们参观了柏林墙。", "We visited the Berlin Wall."]
    small = new_model(texts, SIZES["tiny"], 1)
    config = {**small.network.config.to_dict(), "max_source_positions": 1500}
    network = WhisperForConditionalGeneration(type(small.network.config)(**config))
    network.generation_config = small.network.generation_config
    Whisper(network, WhisperProcessor(WhisperFeatureExtractor(), small.processor.tokenizer)).save(folder)
    for name in ("preprocessor_config.json", "vocab.json", "merges.txt"):
        (folder / name).unlink()
    return folder


def recorded(file):
    return json.loads(file.read_text())


def test_whispercpps_script_gets_all_files_that_it_opens(run, checkout, saved_by_v5, tmp_path):
    before = {path.name: path.read_bytes() for path in saved_by_v5.iterdir()}
    run(saved_by_v5, "--to", "whisper.cpp", "-o", tmp_path / "out", "--whisper-cpp", checkout)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["ggml-model.bin"]
    found = recorded(tmp_path / "out" / "ggml-model.bin")
    tokenizer = WhisperProcessor.from_pretrained(saved_by_v5).tokenizer
    assert {**found["vocab"], **found["added"]} == tokenizer.get_vocab()
    assert "<|startoftranscript|>" in found["added"] and "<|startoftranscript|>" not in found["vocab"]
    assert found["length"] == 112  # size of the position table
    np.testing.assert_allclose(found["mels"], WhisperFeatureExtractor().mel_filters.T, atol=1e-8)
    assert run.out.startswith(f"{tmp_path / 'out'}: whisper.cpp, ")
    assert {path.name: path.read_bytes() for path in saved_by_v5.iterdir()} == before


def test_a_variable_can_give_the_checkout(run, checkout, saved_by_v5, tmp_path, monkeypatch):
    monkeypatch.setenv("WHISPER_CPP", str(checkout))
    run(saved_by_v5, "--to", "whisper.cpp", "-o", tmp_path / "out", "--quantization", "f16")
    assert (tmp_path / "out" / "ggml-model.bin").is_file()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            [],
            "Weights were rounded to float16, in which small changes of a merge may be lost; --quantization float32 keeps",
        ),
        (["--quantization", "int8"], "Weights were rounded to int8, "),
        (["--quantization", "float32"], None),
    ],
)
def test_rounding_of_weights_is_said(run, converter, saved_by_v5, tmp_path, arguments, says):
    run(saved_by_v5, "--to", "faster-whisper", "-o", tmp_path / "out", *arguments)
    assert says in run.out if says else "rounded" not in run.out


def test_bfloat16_which_numpy_lacks_becomes_float32(run, checkout, saved_by_v5, tmp_path):
    model = shutil.copytree(saved_by_v5, tmp_path / "bf16")
    weights = load_file(model / "model.safetensors")
    halved = {name: weight.to(torch.bfloat16) for name, weight in weights.items()}
    save_file(halved, model / "model.safetensors", metadata={"format": "pt"})
    run(model, "--to", "whisper.cpp", "-o", tmp_path / "out", "--whisper-cpp", checkout)
    assert recorded(tmp_path / "out" / "ggml-model.bin")["weights"] == dict.fromkeys(weights, "float32")
    assert load_file(model / "model.safetensors")["model.encoder.conv1.weight"].dtype == torch.bfloat16


def test_a_shortened_max_length_does_not_shrink_the_position_table(run, checkout, saved_by_v5, tmp_path):
    model = shutil.copytree(saved_by_v5, tmp_path / "short")
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps({**config, "max_length": 50}))
    run(model, "--to", "whisper.cpp", "-o", tmp_path / "out", "--whisper-cpp", checkout)
    assert recorded(tmp_path / "out" / "ggml-model.bin")["length"] == 112


def test_ctranslate2_gets_all_files_for_faster_whisper(run, converter, saved_by_v5, tmp_path):
    (tmp_path / "out").mkdir()  # an empty folder is allowed
    run(saved_by_v5, "--to", "faster-whisper", "-o", tmp_path / "out", "--quantization", "int8")
    files = {path.name for path in (tmp_path / "out").iterdir()}
    assert files == {"model.bin", "tokenizer.json", "preprocessor_config.json"}
    assert recorded(tmp_path / "out" / "model.bin")["quantization"] == "int8"
    assert recorded(tmp_path / "out" / "preprocessor_config.json")["feature_size"] == 80


@pytest.mark.parametrize("missing", ["fields", "file"])
def test_missing_languages_come_from_the_tokenizer(run, converter, saved_by_v5, tmp_path, missing):
    model = shutil.copytree(saved_by_v5, tmp_path / "lost")
    path = model / "generation_config.json"
    wanted = sorted(json.loads(path.read_text())["lang_to_id"].values())
    path.write_text("{}") if missing == "fields" else path.unlink()
    run(model, "--to", "faster-whisper", "-o", tmp_path / "out")
    assert recorded(tmp_path / "out" / "model.bin") == {"quantization": "float16", "languages": wanted}


def test_models_that_the_programs_cannot_run_cause_a_warning(run, converter, saved_by_v5, tmp_path):
    run(FOUNDATION, "--to", "faster-whisper", "-o", tmp_path / "small")
    assert "warning: the model's input window is 6 s in 240 frames" in run.err and run.err.count("\n") == 1
    run(saved_by_v5, "--to", "faster-whisper", "-o", tmp_path / "own-tokens")
    tokens = json.loads((saved_by_v5 / "config.json").read_text())["vocab_size"]
    assert f"warning: the model has a vocabulary of {tokens} tokens" in run.err and run.err.count("\n") == 1


def test_a_folder_that_is_not_empty_is_refused(run, converter, saved_by_v5, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine").write_text("mine")
    for place in (out, out / "mine", saved_by_v5):
        with pytest.raises(UserError, match="already exists and is not an empty folder: remove it, or give another"):
            run(saved_by_v5, "--to", "faster-whisper", "-o", place)
    assert (out / "mine").read_text() == "mine"


@pytest.mark.parametrize(
    ("ending", "message"),
    [
        ("raise ValueError('odd weights')", r"whisper\.cpp's converter failed .*\(ValueError: odd weights\)"),
        ("sys.exit(3)", r"whisper\.cpp's converter failed .*\(exit status 3\)"),
        ("", r"convert-h5-to-ggml\.py wrote no model file"),
    ],
)
def test_a_failed_conversion_is_one_sentence_and_writes_nothing(run, checkout, saved_by_v5, tmp_path, ending, message):
    (checkout / "models" / "convert-h5-to-ggml.py").write_text(f"import sys\n{ending}\n")
    with pytest.raises(UserError, match=message) as caught:
        run(saved_by_v5, "--to", "whisper.cpp", "-o", tmp_path / "out", "--whisper-cpp", checkout)
    assert "\n" not in str(caught.value)
    assert os.listdir(tmp_path) == ["whisper.cpp"]


def test_a_missing_converter_is_an_error_with_the_command_to_install_it(
    run, without_ctranslate2, saved_by_v5, tmp_path
):
    out = ("-o", tmp_path / "out")
    with pytest.raises(UserError, match=r"not installed: run `pip install 'ctranslate2>=4\.7\.0'`\.$"):
        run(saved_by_v5, "--to", "faster-whisper", *out)
    clone = r"git clone --depth 1 https://github\.com/ggml-org/whisper\.cpp"
    with pytest.raises(UserError, match=clone + ".*--whisper-cpp"):
        run(saved_by_v5, "--to", "whisper.cpp", *out)
    with pytest.raises(UserError, match=r"bin/models/convert-h5-to-ggml\.py is missing: .*" + clone):
        run(saved_by_v5, "--to", "whisper.cpp", *out, "--whisper-cpp", tmp_path / "bin")
    assert not (tmp_path / "out").exists()


def test_a_model_of_another_family_is_an_error(run, tmp_path):
    (tmp_path / "bert").mkdir()
    (tmp_path / "bert" / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(
        UserError, match=r"type 'bert', and such models cannot be exported: give one of the types whisper\.$"
    ):
        run(tmp_path / "bert", "--to", "faster-whisper", "-o", tmp_path / "out")


def test_an_output_that_cannot_be_written_is_an_error(run, converter, saved_by_v5, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"file/out could not be written \(.*\): give another --output"):
        run(saved_by_v5, "--to", "faster-whisper", "-o", tmp_path / "file" / "out")


def test_an_old_ctranslate2_is_refused(run, saved_by_v5, tmp_path, monkeypatch):
    monkeypatch.setattr(ctranslate2_package, "version", lambda name: "4.6.3")
    with pytest.raises(UserError, match=r"ctranslate2 4\.6\.3 cannot read the files of transformers 5: run `pip"):
        run(saved_by_v5, "--to", "faster-whisper", "-o", tmp_path / "out")


def test_an_unknown_quantization_is_an_error_with_the_known_ones(run, saved_by_v5, tmp_path):
    out = ("-o", tmp_path / "out", "--quantization", "q5_0")
    with pytest.raises(
        UserError, match=r"'q5_0': give one of f16, and make smaller ones with its own whisper-quantize"
    ):
        run(saved_by_v5, "--to", "whisper.cpp", *out)
    with pytest.raises(UserError, match=r"faster-whisper does not have .* 'q5_0': give one of float16, int8, .*32\.$"):
        run(saved_by_v5, "--to", "faster-whisper", *out)


def test_a_folder_without_tokenizer_or_weights_is_an_error(run, converter, saved_by_v5, tmp_path):
    out = ("--to", "faster-whisper", "-o", tmp_path / "out")
    bare = shutil.copytree(saved_by_v5, tmp_path / "bare", ignore=shutil.ignore_patterns("*token*", "processor*"))
    with pytest.raises(UserError, match=r"bare has no tokenizer or processor .*: copy these files from the base"):
        run(bare, *out)
    light = shutil.copytree(saved_by_v5, tmp_path / "light", ignore=shutil.ignore_patterns("*.safetensors"))
    with pytest.raises(UserError, match=r"light has neither model\.safetensors nor"):
        run(light, *out)


@pytest.mark.parametrize("quantization", ["float16", "int8"])
def test_ctranslate2_itself_converts(run, saved_by_v5, tmp_path, quantization):
    ctranslate2 = pytest.importorskip("ctranslate2", reason="ctranslate2 is optional and not installed")
    run(saved_by_v5, "--to", "faster-whisper", "-o", tmp_path / "out", "--quantization", quantization)
    files = {path.name for path in (tmp_path / "out").iterdir()}
    assert files >= {"model.bin", "config.json", "tokenizer.json", "preprocessor_config.json", "vocabulary.json"}
    model = ctranslate2.models.Whisper(str(tmp_path / "out"), compute_type="float32")
    features = np.random.default_rng(1).standard_normal((1, 80, 3000)).astype(np.float32)
    encoded = np.array(model.encode(ctranslate2.StorageView.from_array(features)))
    encoder = WhisperForConditionalGeneration.from_pretrained(saved_by_v5).model.encoder
    expected = encoder(torch.from_numpy(features)).last_hidden_state.detach().numpy()
    np.testing.assert_allclose(encoded, expected, atol=0.1 if quantization == "int8" else 0.02)


# LoRA adapters


def adapted(folder):
    """A model folder of the workflow that has an adapter in it."""
    (folder / "adapter").mkdir(parents=True)
    (folder / "config.json").write_text('{"model_type": "whisper"}')
    for name in ("adapter_config.json", "adapter_model.safetensors", "merge_receipt.json"):
        (folder / "adapter" / name).write_text(name)
    return folder


def test_the_adapter_of_a_model_is_written_as_a_folder_for_peft(tmp_path, capsys):
    out = tmp_path / "out"
    arguments = ["--to", "peft", "-o", str(out), "--quantization", "float16"]  # which is for the other formats
    assert main(["export", str(adapted(tmp_path / "model")), *arguments]) == 0
    assert sorted(path.name for path in out.iterdir()) == ["adapter_config.json", "adapter_model.safetensors"]
    printed = capsys.readouterr().out
    assert str(out) in printed and "rounded" not in printed


def test_a_model_without_an_adapter_is_refused(tmp_path, capsys):
    model = adapted(tmp_path / "model")
    shutil.rmtree(model / "adapter")
    assert main(["export", str(model), "--to", "peft", "-o", str(tmp_path / "out")]) == 2
    assert "only fine-tunes by LoRA and weighted sums of such have one" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_an_adapter_overwrites_nothing(tmp_path, capsys):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("mine")
    assert main(["export", str(adapted(tmp_path / "model")), "--to", "peft", "-o", str(tmp_path / "out")]) == 2
    assert "already exists" in capsys.readouterr().err
