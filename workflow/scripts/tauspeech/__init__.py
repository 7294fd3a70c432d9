"""tauspeech: task-vector arithmetic for speech-to-text models."""

__version__ = "0.1.0"
