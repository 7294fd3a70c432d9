"""Validation of server addresses from the configuration."""

from urllib.parse import urlsplit

from tauspeech.runtime.errors import UserError


def checked(url: str, where: str) -> str:
    """Return the URL if it is valid and contains no secret, because messages and files show it."""
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        valid = False
    if not valid or not url.isprintable() or " " in url:
        raise UserError(f"{where}.url is not a valid address: give one such as http://localhost:8000/v1.")
    if "@" in parts.netloc or "?" in url or "#" in url:
        raise UserError(
            f"{where}.url contains a user name, a password, a query or a fragment, which every message would show: give the "
            "plain address, and put a secret into the environment variable that key_variable names."
        )
    return url
