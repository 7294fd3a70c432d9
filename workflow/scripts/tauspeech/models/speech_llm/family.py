"""The family of speech LLMs with units: speech as discrete units and text in one sequence of a LLaMA, as in SpeechGPT.

The input is an instruction with units or a sentence, and the answer what the task asks for; the loss is on the answer alone. A
folder of such a model has two files more than one of text, by which speech becomes units: ``models/units``.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from tauspeech.data.audio import decode_audio
from tauspeech.models.dialogue.answers import Answer, AnswerText, answer_text, ends_answer, read_answer
from tauspeech.models.dialogue.instructions import before_input, behind_input
from tauspeech.models.dialogue.tokens import END_ANSWER, END_UNITS, LANGUAGE, MARKS, UNITS, added_tokens, unit_token
from tauspeech.models.family import Example
from tauspeech.models.loading import require_all_weights, unreadable_as_user_error
from tauspeech.models.saving import save_weights_like
from tauspeech.models.tasks import SpeechTask
from tauspeech.models.units.extractor import UnitExtractor, open_extractor
from tauspeech.runtime.errors import UserError
from tauspeech.runtime.files import sha256_text

WINDOW = 30.0  # seconds; a limit of memory
IGNORED = -100
LORA_PRESETS = {"attention": r".*\.self_attn\.[qkvo]_proj"}


class Labels(NamedTuple):
    """Tokens of a training example: the prompt before and behind the units, and the answer."""

    before: list[int]
    behind: list[int]
    answer: list[int]


class SpeechLLM:
    """An open speech LLM, as the protocol ``SpeechModel`` asks for it; features are the tokens of units or of a sentence."""

    varying_length = True
    leading_space = False
    room = 0.0
    encoder = None

    def __init__(self, network: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, extractor: UnitExtractor):
        self.network, self.tokenizer, self.extractor = network, tokenizer, extractor
        network.accepts_loss_kwargs = False  # as for Whisper: the Trainer divides the loss by the batches of a step
        self.lora_presets: Mapping[str, str] = LORA_PRESETS
        self.window = WINDOW
        self.longest_text: int = network.config.max_position_embeddings
        self.features_id = sha256_text(f"{extractor.id} {self._first_unit}")

    @cached_property
    def _first_unit(self) -> int:
        first: int = self.tokenizer.convert_tokens_to_ids(unit_token(0))
        return first

    @cached_property
    def languages(self) -> list[str]:
        """Languages that have a token."""
        added = set(self.tokenizer.get_added_vocab()) - set(MARKS)
        return sorted(found[1] for token in added if (found := LANGUAGE.fullmatch(token)))

    @cached_property
    def added_tokens(self) -> Sequence[int]:
        """Tokens that a language model of text gets by ``expansion``, in ascending order."""
        added = set(added_tokens(self.extractor.count, self.languages))
        return sorted(id for token, id in self.tokenizer.get_vocab().items() if token in added)

    def shorten_window(self, seconds: float) -> None:
        raise UserError("key 'base_window': inputs of speech LLMs are as long as their speech: leave it out.")

    def with_encoded_features(self) -> "SpeechLLM":
        return self

    def features(self, samples: np.ndarray) -> np.ndarray:
        return self.features_of_units(self.extractor.units(samples))

    def features_of(self, row: Mapping[str, Any], task: SpeechTask) -> np.ndarray:
        """Tokens of the sentence or of the units that the row has; units of its audio where it has none."""
        if task.takes_text:
            return self.features_of_text(row[task.source])
        if "units" in row:
            return self.features_of_units(np.array(row["units"], np.int32))
        return self.features(decode_audio(row["audio"]["bytes"]))

    def features_of_units(self, units: np.ndarray) -> np.ndarray:
        return np.concatenate([self._tokens(UNITS), units + self._first_unit, self._tokens(END_UNITS)]).astype(np.int32)

    def features_of_text(self, text: str) -> np.ndarray:
        return np.array(self._tokens(text), np.int32)

    def target(self, row: Mapping[str, str], task: SpeechTask) -> str:
        return answer_text(row, task)

    def labels(self, text: str, task: SpeechTask) -> Labels:
        prompt = self._prompt(task, text)
        return Labels(*prompt, self._tokens(f"{text}{END_ANSWER if ends_answer(task) else ''}"))

    def _prompt(self, task: SpeechTask, key: str) -> tuple[list[int], list[int]]:
        return self._tokens(before_input(task, key)), self._tokens(behind_input())

    def _tokens(self, text: str) -> list[int]:
        found: list[int] = self.tokenizer(text, add_special_tokens=False).input_ids
        return found

    def label_count(self, labels: Labels) -> int:
        return sum(map(len, labels))

    def is_alignable(self, seconds: float, labels: Labels) -> bool:
        return True

    def collate(self, examples: Sequence[Example]) -> dict[str, torch.Tensor]:
        """Sequences padded on the right, with the loss on answers alone: no other logits are computed."""
        inputs, answers, first = [], [], []
        for features, labels in examples:
            prompt = [*labels.before, *features.tolist(), *labels.behind]
            inputs.append([*prompt, *labels.answer])
            first.append(len(prompt) - 1)  # whose logits are those of the first token of the answer
            answers.append([*[IGNORED] * len(prompt), *labels.answer])
        longest = max(map(len, inputs))
        return {
            "input_ids": _padded(inputs, longest, self._padding),
            "labels": _padded(answers, longest, IGNORED)[:, min(first) :],
            "logits_to_keep": torch.arange(min(first), longest),
            "attention_mask": _padded([[1] * len(each) for each in inputs], longest, 0),
        }

    @property
    def _padding(self) -> int:
        token: int | None = self.tokenizer.pad_token_id
        return 0 if token is None else token

    def encode(self, features: Sequence[np.ndarray]) -> list[list[int]]:
        return [each.tolist() for each in features]

    def decode(self, encoded: list[list[int]], task: SpeechTask, *, beams: int, new_tokens: int) -> list[str]:
        """The part of each answer that the task is about: the translation, or else the transcript."""
        found = self.answers(encoded, task, beams=beams, new_tokens=new_tokens)
        return [AnswerText.of(answer, task) for answer in found]

    def answers(self, encoded: list[list[int]], task: SpeechTask, *, beams: int, new_tokens: int) -> list[Answer]:
        """Answers to a batch of inputs, padded on the left, so that all of them continue at the same place."""
        prompts = []
        for tokens in encoded:
            before, behind = self._prompt(task, " ".join(map(str, tokens)))
            prompts.append([*before, *tokens, *behind])
        longest = max(map(len, prompts))
        inputs = torch.tensor([[self._padding] * (longest - len(each)) + each for each in prompts])
        mask = torch.tensor([[0] * (longest - len(each)) + [1] * len(each) for each in prompts])
        with torch.inference_mode():
            ids = self.network.generate(
                inputs.to(self.network.device),
                attention_mask=mask.to(self.network.device),
                num_beams=beams,
                do_sample=False,
                max_new_tokens=new_tokens,
                eos_token_id=self.tokenizer.convert_tokens_to_ids(END_ANSWER),
                pad_token_id=self._padding,
            )
        texts = self.tokenizer.batch_decode(ids[:, longest:], skip_special_tokens=False)
        return [read_answer(text, task, self.languages) for text in texts]

    def freeze_feature_encoder(self) -> None:
        """Nothing: the encoder of the units is not part of the network."""

    def load_weights(self, weights: Iterable[tuple[str, np.ndarray]]) -> None:
        named = {name: torch.from_numpy(np.asarray(values)) for name, values in weights}
        self.network.load_state_dict(named, strict=False)

    def save_like(self, base: Path, folder: Path) -> None:
        save_weights_like(base, folder, self.network.state_dict())

    def save(self, folder: Path) -> None:
        self.network.save_pretrained(folder, max_shard_size="100GB")
        self.tokenizer.save_pretrained(folder)
        self.extractor.save(folder)


def _padded(rows: Sequence[Sequence[int]], longest: int, value: int) -> torch.Tensor:
    return torch.tensor([[*row, *[value] * (longest - len(row))] for row in rows])


def open_model(folder: str | Path) -> SpeechLLM:
    """In float32, whatever the checkpoint's type: small differences between models must survive."""
    extractor = open_extractor(Path(folder))
    with unreadable_as_user_error("speech LLM", folder, "give a folder or hub id with safetensors"):
        network, found = AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, use_safetensors=True, output_loading_info=True, ignore_mismatched_sizes=True
        )
        if not any((Path(folder) / file).is_file() for file in ("tokenizer.json", "tokenizer.model")):
            raise OSError("neither tokenizer.json nor tokenizer.model")
        tokenizer = AutoTokenizer.from_pretrained(folder)
    require_all_weights(folder, network, found, ("lm_head.weight",) if network.config.tie_word_embeddings else ())
    require_tokens(folder, tokenizer, network, extractor.count)
    return SpeechLLM(network, tokenizer, extractor)


def require_tokens(
    folder: str | Path, tokenizer: PreTrainedTokenizerBase, network: PreTrainedModel, units: int
) -> None:
    """Refuse a tokenizer without a token for each unit, in order, and the marks around speech and answers."""
    vocabulary = tokenizer.get_vocab()
    ids = [vocabulary.get(unit_token(number)) for number in range(units)]
    missing = [mark for mark in MARKS if mark not in vocabulary] + [
        unit_token(n) for n, id in enumerate(ids) if id is None
    ]
    if missing:
        raise UserError(
            f"the tokenizer of {folder} lacks {len(missing)} of the tokens for {units} units, such as {missing[0]}: add them with "
            "`tauspeech expand`."
        )
    if ids != list(range(ids[0] or 0, (ids[0] or 0) + units)):
        raise UserError(
            f"the tokens of the units in {folder} do not follow each other: use the tokenizer that they were added to."
        )
    if len(vocabulary) > network.get_input_embeddings().weight.shape[0]:
        raise UserError(
            f"the tokenizer of {folder} has {len(vocabulary)} tokens, and the model embeddings for "
            f"{network.get_input_embeddings().weight.shape[0]}: use the tokenizer that the model was trained with."
        )
