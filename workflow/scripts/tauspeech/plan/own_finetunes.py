"""Fine-tunes and LoRA adapters of the user's, which take the place of trainings: the keys ``models`` and ``adapters``.

Their names are those of the trainings, as below results/<name>/models/.
"""

import re
from pathlib import Path
from typing import Any

from tauspeech.plan.jobs import Plan, PlannedJob
from tauspeech.plan.sources import hashes_of
from tauspeech.runtime.errors import UserError, did_you_mean
from tauspeech.vectors.lora.config import ADAPTER_WEIGHTS, CONFIG, TOKENS, LoraConfig

MODULE = "tauspeech.models.own_finetunes"
MODELS, ADAPTERS = "models", "adapters"  # keys of a configuration
_OF_OTHER_SEEDS = re.compile(r"--seed\d+$")  # trainings that are named like those of the first seed
_STAGES = ("finetune", "rarity")  # whose jobs have the names of trainings; a word that is skipped has the second alone


def own_finetune(config: dict[str, Any], name: str) -> dict[str, Any] | None:
    """Settings of the user's fine-tune in place of a training, with the hashes of its files; None if there is none."""
    found = [key for key in (MODELS, ADAPTERS) if name in config.get(key, {})]
    if len(found) > 1:
        raise UserError(f"key 'models.{name}' is given, and so is 'adapters.{name}': leave one of them out.")
    return _settings(found[0], name, config[found[0]][name]) if found else None


def _settings(key: str, name: str, path: str) -> dict[str, Any]:
    where, folder = f"key '{key}.{name}'", Path(path).expanduser()
    description, other = ("config.json", CONFIG) if key == MODELS else (CONFIG, "config.json")
    if not (folder / description).is_file():
        kind = "model" if key == MODELS else "LoRA adapter"
        hint = (
            f"give it in '{ADAPTERS if key == MODELS else MODELS}'" if (folder / other).is_file() else "check the path"
        )
        raise UserError(f"{where}: {path} is not the folder of a {kind}, since it has no {description}: {hint}.")
    weights = "*.safetensors" if key == MODELS else ADAPTER_WEIGHTS
    if not any(folder.glob(weights)):
        raise UserError(
            f"{where}: {path} has no weights in {weights}: give a folder in safetensors, or run `tauspeech convert {path}` for "
            "weights in pickle."
        )
    if key == ADAPTERS:
        LoraConfig.read(folder)  # refuses adapters that are no LoRA
    return {"kind": key.removesuffix("s"), "path": path, "files": hashes_of(folder, description)}


def refuse_unknown(config: dict[str, Any], plan: Plan) -> None:
    """Raise a UserError for a name that no training of the plan has."""
    names = {id for stage, id in plan.jobs if stage in _STAGES and not _OF_OTHER_SEEDS.search(id)}
    for key in (MODELS, ADAPTERS):
        for name in config.get(key, {}):
            own_finetune(config, name)
            if name not in names and not plan.unfinished:
                advice = did_you_mean(name, names, f"names are like {min(names, default='')}.")
                raise UserError(f"key '{key}.{name}': there is no such training: {advice}")


def has_adapter(finetuned: PlannedJob) -> bool:
    """True for a fine-tune that is its base plus a LoRA adapter: trained here or the user's."""
    own = finetuned.settings.get("own", {"kind": "trained"})
    return finetuned.settings.get("trainable") == "lora" or own["kind"] == "adapter"


def is_product_alone(finetuned: PlannedJob) -> bool:
    """True for an adapter that has LoRA's matrices and nothing else, such as trained biases or embeddings, so that it can be summed."""
    own = finetuned.settings.get("own")
    if own is None:
        return not finetuned.settings.get("lora", {}).get("new_tokens")
    content = LoraConfig.read(Path(own["path"]).expanduser()).content
    return (
        not (content.get("modules_to_save") or content.get(TOKENS))
        and content.get("bias", "none") == "none"
        and not content.get("lora_bias")
    )
