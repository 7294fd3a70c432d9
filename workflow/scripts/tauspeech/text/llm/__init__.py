"""Sentences and words from large language models: prompts, requests and parsing of answers."""
