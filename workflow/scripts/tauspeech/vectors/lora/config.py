"""adapter_config.json, read as in PEFT 0.21: the scale of each product, and settings that a merge cannot represent."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tauspeech.runtime.errors import UserError
from tauspeech.vectors.weights import finite

ADAPTER_FOLDER = "adapter"  # in a model folder
CONFIG = "adapter_config.json"
ADAPTER_WEIGHTS = "adapter_model.safetensors"
TOKENS = "trainable_token_indices"  # key of tokens whose embeddings are trained beside LoRA's matrices

MERGE_INSTEAD = "merge it into its base with PEFT's merge_and_unload and give the folder of that model"
_TRAIN_PLAIN = "train a plain LoRA"

# Settings with which a module's change is not scale * B A, or the base is not the given one; with reason and remedy.
_REFUSED = {
    "use_dora": ("is DoRA, which rescales the base's weights", MERGE_INSTEAD),
    "layer_replication": ("repeats layers of its base", _TRAIN_PLAIN),
    "target_parameters": ("targets parameters instead of modules", MERGE_INSTEAD),
    "alora_invocation_tokens": ("is aLoRA, which acts on a part of each text only", _TRAIN_PLAIN),
    "use_qalora": ("is QALoRA, whose matrices act on groups of features", _TRAIN_PLAIN),
    "use_bdlora": ("has block-diagonal matrices", MERGE_INSTEAD),
    "arrow_config": ("chooses between other adapters", "give those adapters"),
    "kasa_config": ("is KaSA, which truncates the base's weights", MERGE_INSTEAD),
}
_HARMLESS_STARTS = (True, False, None, "gaussian", "eva", "orthogonal", "mica")


@dataclass(frozen=True)
class LoraConfig:
    """The configuration of an adapter."""

    path: Path
    content: dict[str, Any]

    @classmethod
    def read(cls, folder: Path) -> "LoraConfig":
        path = folder / CONFIG
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UserError(f"{path} cannot be read ({error}); copy or download the adapter again.") from None
        if not isinstance(content, dict):
            raise UserError(f"{path} is not a mapping of settings; copy or download the adapter again.")
        config = cls(path, content)
        config._refuse_others()
        return config

    @property
    def fan_in_fan_out(self) -> bool:
        return bool(self.content.get("fan_in_fan_out"))

    def scale(self, module: str, rank: int) -> float:
        """The factor of B A for a module whose matrices have the given rank."""
        stated = self._of("rank_pattern", module, self.content.get("r", 8))
        if stated != rank:
            raise UserError(
                f"{self.path} gives {module} the rank {stated:g}, but its matrices have {rank}; copy the adapter again."
            )
        alpha = self._of("alpha_pattern", module, self.content.get("lora_alpha", 8))
        return alpha / math.sqrt(rank) if self.content.get("use_rslora") else alpha / rank

    @property
    def has_tokens(self) -> bool:
        return bool(self.content.get(TOKENS))

    def tokens(self, module: str) -> list[int]:
        """Numbers of the rows that are trained of a module: of the only one in a list, or of the first that the name ends in."""
        stated = self.content.get(TOKENS) or []
        if isinstance(stated, Mapping):
            stated = next((each for end, each in stated.items() if module.endswith(end)), [])
        if not isinstance(stated, list) or any(type(each) is not int or each < 0 for each in stated):
            raise UserError(f"{self.path}: {TOKENS} are not lists of token numbers; copy the adapter again.")
        if len(set(stated)) < len(stated):
            raise UserError(
                f"{self.path}: {TOKENS} names a token twice, whose embedding is not defined; train it again."
            )
        return stated

    def _of(self, pattern: str, module: str, rest: object) -> float:
        """The number of the first matching pattern, a regular expression for the end of the module's name, or ``rest``."""
        parts = self.content.get(pattern) or {}
        if not isinstance(parts, Mapping):
            raise UserError(f"{self.path}: {pattern} is not a mapping; copy the adapter again.")
        for part, number in parts.items():
            try:
                if re.match(rf"(.*\.)?({part})$", module):
                    return finite(number, f"{pattern} of {part} in {self.path}")
            except re.error as error:
                raise UserError(
                    f"{self.path}: {pattern} has {part!r}, which is not a valid regular expression ({error}); correct it."
                ) from None
        return finite(rest, f"{'r' if pattern == 'rank_pattern' else 'lora_alpha'} in {self.path}")

    def _refuse_others(self) -> None:
        folder, kind = self.path.parent, self.content.get("peft_type")
        if kind != "LORA":
            raise UserError(f"{folder} is an adapter of type {kind}, but only LORA can be merged; {MERGE_INSTEAD}.")
        for key, (reason, remedy) in _REFUSED.items():
            if self.content.get(key):
                raise UserError(f"{folder} {reason} ({key} in {CONFIG}), and cannot be merged as LoRA; {remedy}.")
        start = self.content.get("init_lora_weights", True)
        if start not in _HARMLESS_STARTS:
            raise UserError(
                f"{folder} was initialised with init_lora_weights {start!r}, which may change the base's weights; save it with "
                "path_initial_model_for_weight_conversion, which converts it to a plain LoRA."
            )
