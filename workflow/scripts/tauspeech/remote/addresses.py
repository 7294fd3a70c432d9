"""Addresses of servers that a user names."""

from urllib.parse import urlsplit

from tauspeech.runtime.errors import UserError


def checked(url: str, where: str) -> str:
    """The address, if it is one that may stand in messages and files."""
    try:
        parts = urlsplit(url)
        fit = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        fit = False
    if not fit or not url.isprintable() or " " in url:
        raise UserError(f"{where}.url is no address: give one such as http://localhost:8000/v1.")
    if "@" in parts.netloc or "?" in url or "#" in url:
        raise UserError(
            f"{where}.url holds a name, a password or a question mark, and would show in every message: give the plain "
            "address, and a secret by way of key_variable."
        )
    return url
