"""The ways in which a vector file keeps its numbers."""
