"""Scores of a search's candidates, a module each: a search depends on the code of its own score alone."""
