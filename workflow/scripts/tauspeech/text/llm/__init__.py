"""Sentences and words from large language models: what to ask, how to ask, and what to make of the answers."""
