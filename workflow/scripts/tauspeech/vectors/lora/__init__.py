"""LoRA adapters, read as changes of weights."""
