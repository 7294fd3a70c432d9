"""Dialogues with speech LLMs of all families: instructions, answers, and the tokens in them."""
