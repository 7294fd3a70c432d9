"""A tiny random language model in memory, through the real classes; and behind a real server if there is one."""

import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from tauspeech.runtime.errors import UserError
from tauspeech.text.llm.http import ServedModel
from tauspeech.text.llm.local import LocalModel
from tauspeech.text.llm.prompts import schema_of
from tauspeech.text.sources import transformers as source_module

TEMPLATE = (
    "{% for message in messages %}<|{{ message.role }}|>{{ message.content }}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
MESSAGES = [{"role": "user", "content": "Say something."}]
SCHEMA = schema_of("sentences", ["en"])


@pytest.fixture(scope="session")
def language_model(tmp_path_factory) -> Path:
    """All bytes as tokens, random weights."""
    folder = tmp_path_factory.mktemp("language-model")
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate(["<s>", "</s>", *letters])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", chat_template=TEMPLATE
    )
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = LlamaConfig(
        vocab_size=len(vocabulary), max_position_embeddings=4096, bos_token_id=0, eos_token_id=1, **sizes
    )
    model = LlamaForCausalLM(config)
    model.generation_config.do_sample = True  # without it transformers serve does not sample, whatever the temperature
    model.save_pretrained(folder)
    return folder


@pytest.fixture
def copied(language_model, tmp_path):
    """A copy that a test may break."""
    folder = tmp_path / "copied"
    folder.mkdir()
    for file in language_model.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


def model_of(folder, **changes):
    return LocalModel({"kind": "transformers", "model": str(folder), "temperature": 1.0, "new_tokens": 12} | changes)


def test_the_answer_depends_on_the_seed(language_model):
    model = model_of(language_model)
    first, again, other = (model.answer(MESSAGES, SCHEMA, seed) for seed in (1, 1, 2))
    assert first == again
    assert first.text != other.text
    assert first.format == "text"
    assert first.prompt_tokens == len("<|user|>Say something.<|assistant|>")
    assert 1 <= first.completion_tokens <= 12
    assert first.finish == ("length" if first.completion_tokens == 12 else "stop")


def test_without_heat_the_seed_does_not_matter(language_model):
    model = model_of(language_model, temperature=0.0)
    assert model.answer(MESSAGES, SCHEMA, 1) == model.answer(MESSAGES, SCHEMA, 2)


def test_a_tokenizer_without_a_template_gets_plain_text(copied):
    for file in ("chat_template.jinja", "tokenizer_config.json"):
        if (copied / file).exists() and file.endswith(".jinja"):
            (copied / file).unlink()
    config = json.loads((copied / "tokenizer_config.json").read_text())
    config.pop("chat_template", None)
    (copied / "tokenizer_config.json").write_text(json.dumps(config))
    assert model_of(copied).answer(MESSAGES, SCHEMA, 1).prompt_tokens == len("Say something.\n\n")


def test_a_model_is_loaded_at_the_first_request():
    model_of("no/such")  # and not when all answers are on disk


def test_a_prompt_that_is_too_long(language_model):
    with pytest.raises(UserError, match="has a context of 4096 tokens and a prompt has 5"):
        model_of(language_model).answer([{"role": "user", "content": "x" * 5000}], SCHEMA, 1)
    almost = [{"role": "user", "content": "x" * (4096 - len("<|user|><|assistant|>") - 3)}]
    assert model_of(language_model).answer(almost, SCHEMA, 1).completion_tokens <= 3


def break_weights(folder):
    (folder / "model.safetensors").write_bytes(b"nonsense")


def only_pickle(folder):
    weights = LlamaForCausalLM.from_pretrained(folder).state_dict()
    (folder / "model.safetensors").unlink()
    torch.save(weights, folder / "pytorch_model.bin")


def without_tokenizer(folder):
    (folder / "tokenizer.json").unlink()


def without_a_layer(folder):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 3}))


def own_code(folder):
    config = json.loads((folder / "config.json").read_text())
    del config["architectures"]
    own = {"model_type": "own", "auto_map": {"AutoConfig": "own.Own", "AutoModelForCausalLM": "own.Model"}}
    (folder / "config.json").write_text(json.dumps(config | own))
    (folder / "own.py").write_text(f"open({str(folder / 'ran')!r}, 'w')\n")


@pytest.mark.parametrize("harm", [break_weights, only_pickle, without_tokenizer, without_a_layer, own_code])
def test_a_broken_or_dangerous_model_is_refused(copied, harm):
    harm(copied)
    with pytest.raises(UserError, match=r"no language model could be loaded|lacks weights") as refused:
        model_of(copied).answer(MESSAGES, SCHEMA, 1)
    assert str(copied) in str(refused.value)
    assert "\n" not in str(refused.value)
    assert ("`tauspeech convert " in str(refused.value)) is (harm is only_pickle)
    assert not (copied / "ran").exists()


def test_a_model_that_is_nowhere(tmp_path):
    with pytest.raises(UserError, match="neither a model folder nor a hub id"):
        model_of(tmp_path / "nowhere").answer(MESSAGES, SCHEMA, 1)


def test_unusable_answers_of_the_model_are_reported(language_model, make_job, talk, lines):
    source = {"kind": "transformers", "model": str(language_model), "temperature": 1.0, "batch": 3}
    job = make_job(counts={"test": 2})
    job.settings["source"] = source | {"most_requests": 2, "new_tokens": 8}
    messages = []
    for _ in range(2):
        with pytest.raises(UserError, match=r"limit of 2 requests to .* only 0 of 2 sentences accepted") as reached:
            source_module.collect(job, talk.checker_of(job))
        messages.append(str(reached.value))
    assert messages[0] == messages[1]
    first, second = lines(job)  # no new ones in the second run
    assert first["kind"] == "transformers"
    assert first["usage"]["completion_tokens"] <= 8
    assert first["seed"] != second["seed"]


def test_the_source_gives_sentences_of_the_model(language_model, make_job, talk, monkeypatch):
    real = LocalModel.answer

    def answer(self, messages, schema, seed):
        reply = real(self, messages, schema, seed)
        pairs = talk.pairs({"messages": messages, "seed": seed}, 3)
        return type(reply)(json.dumps(pairs), reply.format, reply.finish, reply.prompt_tokens, reply.completion_tokens)

    monkeypatch.setattr(LocalModel, "answer", answer)
    job = make_job(counts={"test": 3, "train": 6})
    job.settings["source"] = {
        "kind": "transformers", "model": str(language_model), "temperature": 1.0, "batch": 3,
        "most_requests": None, "new_tokens": 8,
    }  # fmt: skip
    collected = source_module.collect(job, talk.checker_of(job))
    assert {split: len(found) for split, found in collected.accepted.items()} == {"test": 3, "train": 6}
    assert (collected.cost["requests"], collected.cost["new_requests"], collected.cost["price"]) == (3, 3, None)
    assert collected.cost["completion_tokens"] <= 24


NEEDED = ("fastapi", "uvicorn", "openai", "starlette")
MISSING = [name for name in NEEDED if importlib.util.find_spec(name) is None]


@pytest.fixture
def served(language_model, tmp_path):
    """The address of ``transformers serve`` with the tiny model."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name("transformers")), "serve", str(language_model)]
    command += ["--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    log = tmp_path / "serve.log"
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with open(log, "wb") as output, subprocess.Popen(command, stdout=output, stderr=output, env=environment) as process:
        try:
            for _ in range(600):
                assert process.poll() is None, log.read_text()
                try:
                    if requests.get(f"http://127.0.0.1:{port}/health", timeout=1).ok:
                        break
                except requests.RequestException:
                    time.sleep(0.1)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()


@pytest.mark.skipif(bool(MISSING), reason=f"transformers serve needs {', '.join(MISSING)}, which the lock leaves out")
def test_a_real_server_understands_the_client(served, language_model, source):
    model = ServedModel(source | {"url": served, "model": str(language_model), "new_tokens": 12, "timeout": 60})
    first, again, other = (model.answer(MESSAGES, SCHEMA, seed) for seed in (1, 1, 2))
    assert first.text == again.text != other.text
    assert first.completion_tokens <= 12
    assert first.prompt_tokens > len("Say something.")
    with pytest.raises(UserError, match=r"check url and model|check model"):
        ServedModel(source | {"url": served.removesuffix("/v1"), "model": "x"}).answer(MESSAGES, SCHEMA, 1)
