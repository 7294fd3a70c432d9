"""Discrete units of speech: frames of an encoder's layer, each replaced by the number of its nearest centre."""
