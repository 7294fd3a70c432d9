"""Chat model in memory: a causal language model of transformers."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import torch
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM, AutoTokenizer, BatchEncoding, PreTrainedModel, PreTrainedTokenizerBase

from tauspeech.data.pickles import command, pickled_weights
from tauspeech.remote.hub import model_folder
from tauspeech.runtime.errors import UserError
from tauspeech.text.llm.chat import Message, Reply


class LocalModel:
    """A causal language model. It is loaded at the first request; a run with all answers on disk needs no model."""

    kind = "transformers"
    formats: tuple[str, ...] = ("text",)  # no schema is enforced
    wave = 1  # requests run one after the other, so each prompt can use the previous answer
    concurrency = 1
    extra: ClassVar[dict[str, Any]] = {}

    def __init__(self, source: dict[str, Any]):
        self.model: str = source["model"]
        self.temperature: float = source["temperature"]
        self.new_tokens: int = source["new_tokens"]
        self.retried = 0

    def answer(self, messages: Sequence[Message], schema: dict[str, Any] | None, seed: int) -> Reply:
        tokenizer, model = self._loaded
        inputs = encode(tokenizer, messages).to(model.device)
        length = inputs["input_ids"].shape[1]
        room = getattr(model.config.get_text_config(), "max_position_embeddings", None)
        most = min(self.new_tokens, (room or length + self.new_tokens) - length)
        if most < 1:
            raise UserError(
                f"{self.model} has a context of {room} tokens and a prompt has {length}: use a model with a longer context, or "
                f"a smaller text.{self.kind}.batch."
            )
        chosen = {"do_sample": True, "temperature": self.temperature} if self.temperature > 0 else {"do_sample": False}
        padding = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
        torch.manual_seed(seed)
        try:
            with torch.inference_mode():
                ids = model.generate(**inputs, **chosen, max_new_tokens=most, pad_token_id=padding)[0, length:]
        except torch.OutOfMemoryError:
            raise UserError(
                f"{self.model} does not fit into the GPU's memory: use a smaller model, or a server with text.source: openai."
            ) from None
        finish = "length" if len(ids) >= most else "stop"
        return Reply(tokenizer.decode(ids, skip_special_tokens=True), "text", finish, length, len(ids))

    @cached_property
    def _loaded(self) -> tuple[PreTrainedTokenizerBase, PreTrainedModel]:
        folder = model_folder(self.model, Path())
        if not folder.is_dir():
            raise UserError(f"{self.model} is neither a model folder nor a hub id: check text.{self.kind}.model.")
        try:
            # Explicit, because transformers would otherwise ask on the terminal whether to run a model's own code.
            tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
            model, report = AutoModelForCausalLM.from_pretrained(
                folder, dtype="auto", use_safetensors=True, trust_remote_code=False, output_loading_info=True
            )
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            pickled = pickled_weights(folder) and not any(folder.glob("*.safetensors"))
            advice = (
                f"convert its weights from pickle, if you trust them, with {command(folder)}"
                if pickled
                else "give a causal language model with safetensors"
            )
            raise UserError(f"no language model could be loaded from {folder} ({reason}): {advice}.") from None
        if missing := sorted(report["missing_keys"]):
            # transformers would only warn, and initialise them at random.
            raise UserError(f"{folder} lacks weights of a language model, such as {missing[0]}: give a complete model.")
        return tokenizer, model.eval().to("cuda" if torch.cuda.is_available() else "cpu")


def encode(tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message]) -> BatchEncoding:
    """Tokens of the messages: with the tokenizer's chat template, or as plain text if it has none."""
    if tokenizer.chat_template is None:
        text = "\n\n".join([*(message["content"] for message in messages), ""])
        return tokenizer(text, return_tensors="pt")
    return tokenizer.apply_chat_template(
        list(messages),
        add_generation_prompt=True,
        return_tensors="pt",
        return_dict=True,
        enable_thinking=False,  # of some templates: reasoning would use up the tokens
    )
