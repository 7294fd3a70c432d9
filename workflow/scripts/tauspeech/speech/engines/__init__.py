"""Text-to-speech engines: one module each, with a function ``open_engine``.

A job imports only the module of its engine, in the environment that the engine needs.
"""
