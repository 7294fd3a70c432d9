"""Recordings with lists of words: which words each utterance's list has, and where its text and audio are.

Nothing heavy is imported, since the plan reads them, too, and no audio is opened.
"""
