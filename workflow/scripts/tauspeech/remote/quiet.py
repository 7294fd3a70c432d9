"""Output of transformers: off in commands and engines, which print their own lines."""


def quiet() -> None:
    """Turn off the progress bars and warnings of transformers."""
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
