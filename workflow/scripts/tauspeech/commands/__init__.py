"""The ``tauspeech`` command line: one module a command, each thin over a room of the package."""
