"""LoRA adapters: read as changes of weights, and written as the sum of several."""
