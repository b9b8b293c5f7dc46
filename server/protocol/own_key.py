"""What is under a key that its member alone holds: ciphertext, and the version that it takes the place of."""

from typing import Annotated, Final

from pydantic import Field

LOCKED_LIMIT: Final = 140_000
"""Characters of base64: a full plan in letters of four bytes, and its padding."""

Locked = Annotated[
    str, Field(min_length=40, max_length=LOCKED_LIMIT, pattern=r"^[A-Za-z0-9+/]+={0,2}$")
]
"""Nonce, then AES-256-GCM, as base64."""
Version = Annotated[int, Field(ge=0, le=2**31 - 1)]
