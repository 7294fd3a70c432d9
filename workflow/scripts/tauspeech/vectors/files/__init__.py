"""Models and vectors on disk: found, read and written in pieces, known by their content."""
