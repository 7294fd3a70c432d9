"""Engines that say sentences: one module each, with a function ``open_engine``.

A module is imported only where a configuration asks for its voices, in the environment that the engine needs.
"""
