"""Inspection of vectors: norms, zeros, rank and cosines, as text and as a figure."""
