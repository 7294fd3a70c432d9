"""Where sentences come from: one module each, with a function ``collect``.

A module is imported only where a configuration asks for it, so that a change to one source leaves the sets of the
others alone.
"""
