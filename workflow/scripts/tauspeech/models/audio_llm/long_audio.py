"""Transcription of audio of any length, as with all speech LLMs."""

from tauspeech.models.dialogue.transcriber import open_transcriber

__all__ = ["open_transcriber"]
