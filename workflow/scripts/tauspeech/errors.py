"""The one exception that stands for a mistake of the user's, not of the program's."""


class UserError(Exception):
    """What is wrong, where (file, row, key) and what to do, in one sentence."""
