"""Transformations T of a single task vector: trimming, dropping at random, low rank, low rank and sparse."""
