"""The family of audio LLMs: an audio encoder in front of a decoder-only model, by the model's own processor and chat template.

The user's turn is the audio and an instruction, or an instruction with a sentence; the model's turn is the answer, in the
form that speech LLMs with units write it, in which a language's token is plain text. The loss is on the answer alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from transformers import AutoProcessor, PreTrainedModel, ProcessorMixin, Qwen2AudioForConditionalGeneration

from tauspeech.data.audio import RATE, decode_audio
from tauspeech.models.dialogue.answers import Answer, AnswerText, answer_text, ends_answer, read_answer
from tauspeech.models.dialogue.instructions import NAMES, instruction
from tauspeech.models.family import Example
from tauspeech.models.loading import require_all_weights, unreadable_as_user_error
from tauspeech.models.saving import save_weights_like
from tauspeech.models.tasks import SpeechTask
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import sha256_text

IGNORED = -100
LORA_PRESETS = {"attention": r"model\.language_model\..*\.self_attn\.[qkvo]_proj"}
WRAPPERS = ("model", "language_model")  # parts of names whose order differs between versions of transformers
MARK = "answer"


class InstructedAnswer(NamedTuple):
    """The instruction of a training example, and the tokens of its answer."""

    instruction: str
    answer: list[int]


class AudioLLM:
    """An open audio LLM, as the protocol ``SpeechModel`` asks for it; features are samples, or a sentence as one string."""

    varying_length = True
    added_tokens: Sequence[int] = ()
    leading_space = False
    room = 0.0
    encoder = None
    features_id = "samples"

    def __init__(self, network: PreTrainedModel, processor: ProcessorMixin):
        self.network, self.processor, self.tokenizer = network, processor, processor.tokenizer
        network.accepts_loss_kwargs = False  # as for Whisper: the Trainer divides the loss by the batches of a step
        self.lora_presets: Mapping[str, str] = LORA_PRESETS
        self.window: float = processor.feature_extractor.chunk_length
        self.longest_text: int = network.config.get_text_config().max_position_embeddings
        self.languages = sorted(NAMES)

    @cached_property
    def _end(self) -> str:
        """Text that ends the model's turn in the chat template."""
        turns = [{"role": "user", "content": "question"}, {"role": "assistant", "content": MARK}]
        written = self.processor.apply_chat_template(turns, tokenize=False)
        end: str = written.rpartition(MARK)[2].strip()
        return end or self.tokenizer.eos_token

    @cached_property
    def _ends(self) -> list[int]:
        """Tokens that end a generation."""
        declared = self.network.generation_config.eos_token_id
        known = declared if isinstance(declared, list) else [declared]
        own = self.tokenizer(self._end, add_special_tokens=False).input_ids[:1]
        return sorted({token for token in [*known, *own, self.tokenizer.eos_token_id] if token is not None})

    def shorten_window(self, seconds: float) -> None:
        raise UserError("key 'base_window': the input window of an audio LLM cannot be shortened: leave it out.")

    def with_encoded_features(self) -> "AudioLLM":
        return self

    def features(self, samples: np.ndarray) -> np.ndarray:
        return samples

    def features_of(self, row: Mapping[str, Any], task: SpeechTask) -> np.ndarray:
        return np.array(row[task.source]) if task.takes_text else decode_audio(row["audio"]["bytes"])

    def target(self, texts: Mapping[str, str], task: SpeechTask) -> str:
        return answer_text(texts, task)

    def labels(self, text: str, task: SpeechTask) -> InstructedAnswer:
        end = self._end if ends_answer(task) else ""
        answer = self.tokenizer(f"{text}{end}", add_special_tokens=False).input_ids
        return InstructedAnswer(instruction(task, text), answer)

    def label_count(self, labels: InstructedAnswer) -> int:
        return len(labels.answer)

    def is_alignable(self, seconds: float, labels: InstructedAnswer) -> bool:
        return True

    def _prompt(self, sentence: str, features: np.ndarray) -> dict[str, torch.Tensor]:
        """The user's turn for one input, as the processor writes it."""
        if features.ndim:
            content = [{"type": "audio"}, {"type": "text", "text": sentence}]
            given = {"audio": [features], "sampling_rate": RATE}
        else:
            content, given = [{"type": "text", "text": f"{sentence} {features}"}], {}
        turn = [{"role": "user", "content": content}]
        text = self.processor.apply_chat_template(turn, add_generation_prompt=True, tokenize=False)
        return dict(self.processor(text=[text], return_tensors="pt", **given))

    def collate(self, examples: Sequence[Example]) -> dict[str, torch.Tensor]:
        """Sequences padded on the right, with the loss on answers alone."""
        prompts = [self._prompt(labels.instruction, features) for features, labels in examples]
        tokens, targets = [], []
        for prompt, (_, labels) in zip(prompts, examples, strict=True):
            start = prompt["input_ids"][0].tolist()
            tokens.append([*start, *labels.answer])
            targets.append([*[IGNORED] * len(start), *labels.answer])
        longest = max(map(len, tokens))
        right = [(0, longest - len(each)) for each in tokens]
        return self._batch(prompts, tokens, right) | {"labels": _padded(targets, right, IGNORED)}

    def _batch(
        self, prompts: Sequence[Mapping[str, torch.Tensor]], tokens: list[list[int]], padding: list[tuple[int, int]]
    ) -> dict[str, torch.Tensor]:
        """Sequences of tokens with a padding before and behind each, and the audio of those prompts that have some."""
        audio = {name: [each[name] for each in prompts if name in each] for each in prompts for name in each}
        return {
            name: torch.cat(found) for name, found in audio.items() if name not in ("input_ids", "attention_mask")
        } | {
            "input_ids": _padded(tokens, padding, self.tokenizer.pad_token_id or 0),
            "attention_mask": _padded([[1] * len(each) for each in tokens], padding, 0),
        }

    def encode(self, features: Sequence[np.ndarray]) -> Sequence[np.ndarray]:
        return features

    def decode(self, encoded: Sequence[np.ndarray], task: SpeechTask, *, beams: int, new_tokens: int) -> list[str]:
        """The part of each answer that the task is about: the translation, or else the transcript."""
        found = self.answers(encoded, task, beams=beams, new_tokens=new_tokens)
        return [AnswerText.of(answer, task) for answer in found]

    def answers(self, encoded: Sequence[np.ndarray], task: SpeechTask, *, beams: int, new_tokens: int) -> list[Answer]:
        """Answers to a batch of inputs, padded on the left, so that all of them continue at the same place."""
        prompts = [self._prompt(instruction(task, sha256_text(repr(each.tolist()))), each) for each in encoded]
        tokens = [each["input_ids"][0].tolist() for each in prompts]
        longest = max(map(len, tokens))
        batch = self._batch(prompts, tokens, [(longest - len(each), 0) for each in tokens])
        with torch.inference_mode():
            ids = self.network.generate(
                **{name: values.to(self.network.device) for name, values in batch.items()},
                num_beams=beams,
                do_sample=False,
                max_new_tokens=new_tokens,
                eos_token_id=self._ends,
                pad_token_id=self.tokenizer.pad_token_id or 0,
            )
        texts = self.tokenizer.batch_decode(ids[:, longest:], skip_special_tokens=True)
        return [read_answer(text, task, self.languages) for text in texts]

    def freeze_feature_encoder(self) -> None:
        """Nothing: the features are samples."""

    @cached_property
    def _names(self) -> dict[tuple[str, ...], str]:
        return {_without_wrappers(name): name for name in self.network.state_dict()}

    def _loaded_name(self, stored: str) -> str:
        return self._names.get(_without_wrappers(stored), stored)

    def load_weights(self, weights: Iterable[tuple[str, np.ndarray]]) -> None:
        named = {self._loaded_name(name): torch.from_numpy(np.asarray(values)) for name, values in weights}
        self.network.load_state_dict(named, strict=False)

    def save_like(self, base: Path, folder: Path) -> None:
        save_weights_like(base, folder, self.network.state_dict(), self._loaded_name)

    def save(self, folder: Path) -> None:
        self.network.save_pretrained(folder, max_shard_size="100GB")
        self.processor.save_pretrained(folder)


def _without_wrappers(name: str) -> tuple[str, ...]:
    return tuple(part for part in name.split(".") if part not in WRAPPERS)


def _padded(rows: Sequence[Sequence[int]], padding: Sequence[tuple[int, int]], value: int) -> torch.Tensor:
    return torch.tensor(
        [[*[value] * before, *row, *[value] * behind] for row, (before, behind) in zip(rows, padding, strict=True)]
    )


def open_model(folder: str | Path) -> AudioLLM:
    """In float32, whatever the checkpoint's type: small differences between models must survive."""
    with unreadable_as_user_error("audio LLM", folder, "give a folder or hub id with safetensors"):
        network, found = Qwen2AudioForConditionalGeneration.from_pretrained(
            folder, dtype=torch.float32, use_safetensors=True, output_loading_info=True, ignore_mismatched_sizes=True
        )
        processor = AutoProcessor.from_pretrained(folder)
    tied = network.config.get_text_config().tie_word_embeddings
    require_all_weights(folder, network, found, ("lm_head.weight",) if tied else ())
    return AudioLLM(network, processor)
