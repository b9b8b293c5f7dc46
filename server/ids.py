"""Identifiers and secrets."""

import hashlib
import secrets
from uuid import UUID

from uuid_utils.compat import uuid7

_READABLE = "ABCDEFGHJKMNPQRSTVWXYZ23456789"


def new_id() -> UUID:
    """UUIDv7: unique, and sorted by time of making, so that indexes stay compact."""
    return uuid7()


def new_token() -> str:
    """256 random bits, URL-safe: a session's secret."""
    return secrets.token_urlsafe(32)


def new_code() -> str:
    """128 random bits in groups of five, without look-alike letters: for people to write down."""
    letters = "".join(secrets.choice(_READABLE) for _ in range(27))
    return "-".join(letters[start : start + 5] for start in range(0, 27, 5))


def read_code(code: str) -> str:
    """A code as it was made, however it was typed."""
    letters = "".join(letter for letter in code.upper() if letter.isalnum())
    return "-".join(letters[start : start + 5] for start in range(0, len(letters), 5))


def digest(secret: str) -> bytes:
    """SHA-256 of a secret that is random enough to need no salt."""
    return hashlib.sha256(secret.encode()).digest()
