"""The family of speech LLMs with an audio encoder in front of a decoder-only model, as Qwen2-Audio."""
