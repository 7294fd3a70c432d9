"""Names of the systems in place of a vector in tables, by their names in the configuration; in the tables' order."""

NAMES = {"prompt": "Prompt", "bias": "Bias", "lora": "LoRA", "vector_prompt": "TA + prompt", "vector_bias": "TA + bias"}
