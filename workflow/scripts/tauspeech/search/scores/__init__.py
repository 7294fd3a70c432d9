"""Scores by which candidates of a search are compared: a module each, which the plan names.

So a change to the tables' metrics does not make searches on validation stale.
"""
