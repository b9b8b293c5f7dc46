"""Sealed text: AES-256-GCM under the author's key, bound to the place it stands in.

A field is: format (1 byte), the key's version (2), nonce (12), ciphertext with its tag (16). Table, column,
row, room, format and version are associated data: text moved to another row, room or column no longer
opens. Fields of the first format have no version; their key is the first.
"""

import os
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag

from server.store.keys import KeyFile, KeyStore

_FIRST, _FORMAT = 1, 2
_VERSION_BYTES = 2
_NONCE_BYTES = 12


class Spot(NamedTuple):
    """Where a sealed field stands."""

    table: str
    column: str
    row: UUID
    room: UUID | None

    def associated(self, version: int | None) -> bytes:
        """What the ciphertext is bound to. version: of the key; None: in the first format."""
        begins = str(_FIRST) if version is None else f"{_FORMAT}.{version}"
        return f"{begins}|{self.table}|{self.column}|{self.row}|{self.room}".encode()


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
        return self.seal_bytes(owner, text.encode(), spot)

    def seal_bytes(self, owner: UUID, content: bytes, spot: Spot) -> bytes:
        """The same, for what is no text."""
        version, cipher = self._keys.newest(owner)
        nonce = os.urandom(_NONCE_BYTES)
        return prefix(version) + nonce + cipher.encrypt(nonce, content, spot.associated(version))

    def open(self, owner: UUID, sealed: bytes, spot: Spot) -> str:
        """Raises Unreadable when the key is gone or the bytes were moved or changed."""
        return self.open_bytes(owner, sealed, spot).decode()

    def opened(self, owner: UUID, sealed: bytes | None, spot: Spot) -> str | None:
        """The same; None where nothing is sealed, or it can no longer be read."""
        try:
            return self.open(owner, sealed, spot) if sealed is not None else None
        except Unreadable:
            return None

    def open_bytes(self, owner: UUID, sealed: bytes, spot: Spot) -> bytes:
        """The same, for what is no text."""
        if sealed[:1] == bytes([_FIRST]):
            version, bound_to, rest = 1, spot.associated(None), sealed[1:]
        elif sealed[:1] == bytes([_FORMAT]):
            version = int.from_bytes(sealed[1 : 1 + _VERSION_BYTES])
            bound_to, rest = spot.associated(version), sealed[1 + _VERSION_BYTES :]
        else:
            raise Unreadable
        cipher = self._keys.find(owner, version)
        if cipher is None:
            raise Unreadable
        try:
            return cipher.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], bound_to)
        except (InvalidTag, ValueError):  # the latter where not even a nonce is left
            raise Unreadable from None

    @property
    def current(self) -> bytes:
        """How fields begin that are sealed with the newest keys."""
        return prefix(self._keys.version)

    def fingerprint(self, *parts: str) -> bytes:
        """Keyed hash of a body, to notice another body under the same client_id."""
        return self._key_file.fingerprint(*parts)

    def is_same(self, one: bytes, other: bytes) -> bool:
        """Whether two fingerprints are of the same, also where the key file was changed between them."""
        return one == other or self.lift(one) == self.lift(other)

    def lift(self, fingerprint: bytes) -> bytes:
        """A fingerprint as it is made with the newest key file."""
        return self._key_file.lift(fingerprint) if fingerprint else fingerprint

    def knows(self, key_file: str) -> bool:
        """Whether that is our key file, or was before it was changed."""
        return self._key_file.knows(key_file)

    def shred(self, owner: UUID, now: datetime) -> None:
        """Erase a member's keys."""
        self._keys.shred(owner, now)

    def drop(self, owner: UUID) -> None:
        """Let go of the keys of something that was kept for a time."""
        self._keys.drop(owner)


def prefix(version: int) -> bytes:
    """How a field begins that is sealed with this version of its owner's keys."""
    return bytes([_FORMAT]) + version.to_bytes(_VERSION_BYTES)
