"""Corpora of recorded domains: which sentences each domain has, and where their recordings are.

Nothing heavy is imported, since the plan reads them, too, and no audio is opened.
"""
