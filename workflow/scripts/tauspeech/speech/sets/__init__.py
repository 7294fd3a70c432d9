"""Kinds of speech sets: one module each, with a function ``rows`` that yields rows of the manifest."""
