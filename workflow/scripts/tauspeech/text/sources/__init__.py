"""Sources of sentences: one module each, with a function ``collect``.

A job imports only the module of its source, so that a change to one source does not invalidate sets of the others.
"""
