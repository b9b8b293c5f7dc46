"""Keys: one file that unlocks all, and a store of members' keys that it wraps.

The store is a database of its own, so that a backup of the main one holds no key, and so that
erasing a member is deleting one row here. A key is durable before anything is sealed with it.
"""

import base64
import hashlib
import hmac
import os
import secrets
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid5

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from server.errors import Misconfigured
from server.store.durable import make_durable

_HEADER = "hearth-key-1 "
_NONCE_BYTES = 12
_CACHE_SIZE = 5_000
_SERVER = UUID(int=0)
"""Nobody's: ids that are made from it are no member's."""
ERASED_NAME = "erased"


class KeyFile:
    """The key outside every database. Losing it loses all sealed text: `hearth keys backup`."""

    def __init__(self, secret: bytes) -> None:
        self._wrap = AESGCM(_derive(secret, b"wrap"))
        self._fingerprint = _derive(secret, b"fingerprint")
        self._heads = _derive(secret, b"audit-heads")
        self.id = hashlib.sha256(_derive(secret, b"id")).hexdigest()[:8]

    @classmethod
    def make(cls, path: Path) -> None:
        """Write a new key, readable by its owner alone (0600), durable before it is used."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        text = _HEADER + base64.b64encode(secrets.token_bytes(32)).decode() + "\n"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())

    @classmethod
    def read(cls, path: Path) -> "KeyFile":
        """Raises Misconfigured when it is missing, readable by others, or not a key."""
        if not path.exists():
            raise Misconfigured(
                f"HEARTH_KEY_FILE: {path} is missing, and nothing sealed can be read without it: restore your copy."
            )
        if path.stat().st_mode & 0o077:
            raise Misconfigured(
                f"HEARTH_KEY_FILE: others on this machine may read {path}; run: chmod 600 {path}"
            )
        text = path.read_text()
        try:
            secret = base64.b64decode(text.removeprefix(_HEADER), validate=False)
        except ValueError:
            secret = b""
        if not text.startswith(_HEADER) or len(secret) != 32:
            raise Misconfigured(f"HEARTH_KEY_FILE: {path} is not a key of Hearth.")
        return cls(secret)

    def wrap(self, member: UUID, key: bytes) -> bytes:
        """A member's key, sealed for storage."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._wrap.encrypt(nonce, key, member.bytes)

    def unwrap(self, member: UUID, wrapped: bytes) -> bytes:
        """Raises Misconfigured when it was wrapped by another key file."""
        try:
            return self._wrap.decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], member.bytes)
        except InvalidTag:
            raise Misconfigured(
                "HEARTH_KEY_FILE: this is not the key file that belongs to this community's keys."
            ) from None

    def fingerprint(self, *parts: str) -> bytes:
        """A keyed hash: equal for equal parts, and useless without the key file."""
        message = b"".join(len(part).to_bytes(8) + part.encode() for part in parts)
        return hmac.digest(self._fingerprint, message, "sha256")

    def sign_head(self, message: bytes) -> bytes:
        """A signature that nobody can make without the key file."""
        return hmac.digest(self._heads, message, "sha256")


class KeyStore:
    """Members' data keys, wrapped. Safe to use from several threads.

    Keys that were thrown away stay so, whichever copy of the store is put back: they are looked for when it is opened.
    """

    def __init__(self, path: Path, key_file: KeyFile) -> None:
        self._erased = Erased(path.with_name(ERASED_NAME))
        self._key_file = key_file
        self._lock = threading.Lock()
        self._cache: OrderedDict[UUID, AESGCM] = OrderedDict()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(
            path, check_same_thread=False, isolation_level=None, timeout=5.0
        )
        path.chmod(0o600)
        for statement in (
            "PRAGMA journal_mode=WAL",
            "PRAGMA synchronous=FULL",
            "PRAGMA secure_delete=ON",
            _SCHEMA,
        ):
            self._database.execute(statement)
        for member in self._erased.members():
            self._forget(member)

    def close(self) -> None:
        """Forget everything that is in memory."""
        with self._lock:
            self._cache.clear()
            self._database.close()

    def cipher(self, member: UUID, *, make: bool = False) -> AESGCM | None:
        """The member's cipher, or None when the key is gone (erased). make: a first key, durable on return."""
        with self._lock:
            cipher = self._cache.get(member)
            if cipher is None:
                key = self._find(member) or (self._make(member) if make else None)
                if key is None:
                    return None
                cipher = AESGCM(key)
                self._cache[member] = cipher
                if len(self._cache) > _CACHE_SIZE:
                    self._cache.popitem(last=False)
            return cipher

    def server_secret(self, name: str) -> bytes:
        """32 bytes that belong to the server itself, made at their first use and then always the same."""
        member = uuid5(_SERVER, name)
        with self._lock:
            return self._find(member) or self._make(member)

    def shred(self, member: UUID, now: datetime) -> None:
        """Delete the key: what was sealed with it stays unreadable from now on."""
        with self._lock:
            self._cache.pop(member, None)
            self._erased.add(member, now)
            self._forget(member)

    def all(self) -> list[tuple[bytes, bytes, str]]:
        """Every row: member, wrapped key, key file."""
        with self._lock:
            return self._database.execute(
                "SELECT member, wrapped, key_file FROM member_key ORDER BY member"
            ).fetchall()

    def put_back(self, rows: Iterable[tuple[bytes, bytes, str]]) -> int:
        """Those that are not here, and were not thrown away. Returns how many came back; durable on return."""
        erased = {member.bytes for member in self._erased.members()}
        missing = [row for row in rows if row[0] not in erased]
        with self._lock:
            before = self._database.total_changes
            self._database.execute("BEGIN IMMEDIATE")
            self._database.executemany(
                "INSERT INTO member_key (member, wrapped, key_file) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                missing,
            )
            self._database.execute("COMMIT")
            return self._database.total_changes - before

    def _forget(self, member: UUID) -> None:
        self._database.execute("DELETE FROM member_key WHERE member = ?", (member.bytes,))

    def _find(self, member: UUID) -> bytes | None:
        row = self._database.execute(
            "SELECT wrapped FROM member_key WHERE member = ?", (member.bytes,)
        ).fetchone()
        return self._key_file.unwrap(member, row[0]) if row else None

    def _make(self, member: UUID) -> bytes:
        wrapped = self._key_file.wrap(member, AESGCM.generate_key(bit_length=256))
        self._database.execute(
            "INSERT INTO member_key (member, wrapped, key_file) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            (member.bytes, wrapped, self._key_file.id),
        )
        key = self._find(member)
        assert key is not None  # noqa: S101 - just written
        return key


class Erased:
    """Whose keys were thrown away, and when: in a file that no backup holds. It names members by id alone."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, member: UUID, now: datetime) -> None:
        """Durable on return."""
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "w") as file:
            # On a line of its own, also where a crash left a part of another.
            file.write(f"\n{member} {now.isoformat(timespec='seconds')}\n")
            file.flush()
            os.fsync(file.fileno())
        make_durable(self._path.parent)

    def members(self) -> dict[UUID, datetime]:
        """Each with the time of its erasure."""
        if not self._path.exists():
            return {}
        found = (_read_erased(line) for line in self._path.read_text().splitlines())
        return dict(one for one in found if one)


def _read_erased(line: str) -> tuple[UUID, datetime] | None:
    """None for what a crash left of a line: that key was not thrown away yet."""
    try:
        member, at = line.split()
        return UUID(member), datetime.fromisoformat(at)
    except ValueError:
        return None


_SCHEMA = """
CREATE TABLE IF NOT EXISTS member_key (
    member BLOB PRIMARY KEY, wrapped BLOB NOT NULL, key_file TEXT NOT NULL
) WITHOUT ROWID
"""


def _derive(secret: bytes, purpose: bytes) -> bytes:
    return hmac.digest(secret, b"hearth/" + purpose, "sha256")
