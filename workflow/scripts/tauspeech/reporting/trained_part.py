"""Name of the part of the model that was trained, for a report."""

from typing import Any


def trained_part(training: dict[str, Any]) -> str:
    """Nothing for a training of all weights; ``training`` is the section as it is reported."""
    if training.get("trainable", "all") == "all":
        return ""
    if training["trainable"] == "decoder":
        return "the decoder alone, "
    lora = training["lora"]
    targets = lora["targets"] if isinstance(lora["targets"], str) else ", ".join(lora["targets"])
    embeddings = " and the embeddings of new tokens" if lora.get("new_tokens") else ""
    return f"LoRA of rank {lora['rank']} and alpha {lora['alpha']:g} on {targets}{embeddings}, "
