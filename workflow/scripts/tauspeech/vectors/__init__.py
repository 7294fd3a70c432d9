"""Arithmetic on the weights of models: what a fine-tune changed, and how such changes are put together."""
