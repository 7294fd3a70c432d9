"""The family of speech LLMs: decoder-only models that write an answer behind an instruction and speech."""
