"""Sealed text: AES-256-GCM under the author's key, bound to the place it stands in.

A field is: version (1 byte), nonce (12), ciphertext with its tag (16). Table, column, row, room and
version are associated data: text moved to another row, room or column no longer opens.
"""

import os
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag

from server.store.keys import KeyFile, KeyStore

_VERSION = 1
_NONCE_BYTES = 12


class Spot(NamedTuple):
    """Where a sealed field stands."""

    table: str
    column: str
    row: UUID
    room: UUID | None

    def associated(self) -> bytes:
        """What the ciphertext is bound to."""
        return f"{_VERSION}|{self.table}|{self.column}|{self.row}|{self.room}".encode()


class Unreadable(Exception):
    """The key is gone, or the ciphertext is not what was written here."""


class Sealer:
    """Seals and opens fields. `owner` is the member whose key it is."""

    def __init__(self, key_file: KeyFile, keys: KeyStore) -> None:
        self._key_file = key_file
        self._keys = keys

    @property
    def key_id(self) -> str:
        """Which key file this is; says nothing about the key."""
        return self._key_file.id

    def seal(self, owner: UUID, text: str, spot: Spot) -> bytes:
        """Makes the owner's key when there is none yet."""
        cipher = self._keys.cipher(owner, make=True)
        assert cipher is not None  # noqa: S101 - make=True
        nonce = os.urandom(_NONCE_BYTES)
        return bytes([_VERSION]) + nonce + cipher.encrypt(nonce, text.encode(), spot.associated())

    def open(self, owner: UUID, sealed: bytes, spot: Spot) -> str:
        """Raises Unreadable when the key is gone or the bytes were moved or changed."""
        cipher = self._keys.cipher(owner)
        if cipher is None or sealed[:1] != bytes([_VERSION]):
            raise Unreadable
        try:
            return cipher.decrypt(
                sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :], spot.associated()
            ).decode()
        except InvalidTag:
            raise Unreadable from None

    def fingerprint(self, *parts: str) -> bytes:
        """Keyed hash of a body, to notice another body under the same client_id."""
        return self._key_file.fingerprint(*parts)

    def shred(self, owner: UUID, now: datetime) -> None:
        """Erase a member's key."""
        self._keys.shred(owner, now)
