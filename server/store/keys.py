"""Keys: one file that unlocks all, and a store of members' keys that it wraps.

The store is a database of its own, so that a backup of the main one holds no key, and so that
erasing a member is deleting one row here. A key is durable before anything is sealed with it.
"""

import base64
import hashlib
import hmac
import os
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid5

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from server.errors import Misconfigured, NotFound
from server.store.key_shelf import open_shelf

_HEADER = "hearth-key-1 "
_NONCE_BYTES = 12
_SECRET_BYTES = 32
_HASH_BYTES = 32
_LOOK_EVERY_S = 1.0
_CACHE_SIZE = 5_000
_SERVER = UUID(int=0)
"""Nobody's: ids that are made from it are no member's."""


class KeyFile:
    """The key outside every database. Losing it loses all sealed text: `hearth keys backup`.

    Its first line is the key. While it is being changed, the one before stands below it. What is left of
    former keys checks old signatures and carries fingerprints on; it opens nothing.
    """

    def __init__(self, secret: bytes) -> None:
        self._path: Path | None = None
        self._take(_Lines(secret, None, (), (_derive(secret, b"fingerprint"),)))

    def _take(self, lines: "_Lines") -> None:
        self._lines = lines
        self._wraps = {
            key_id(secret): AESGCM(_derive(secret, b"wrap"))
            for secret in (lines.secret, lines.old)
            if secret
        }
        self._heads = [
            _derive(secret, b"audit-heads") for secret in (lines.secret, lines.old) if secret
        ]
        self._former_heads = [former.heads for former in reversed(lines.former)]
        self.id = key_id(lines.secret)

    @classmethod
    def make(cls, path: Path) -> None:
        """Write a new key, readable by its owner alone (0600), durable before it is used."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(_HEADER + _text(secrets.token_bytes(_SECRET_BYTES)) + "\n")
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
        try:
            found = cls.of_text(path.read_text())
        except ValueError:
            raise Misconfigured(f"HEARTH_KEY_FILE: {path} is not a key of Hearth.") from None
        found._path = path
        return found

    @classmethod
    def of_text(cls, text: str) -> "KeyFile":
        """As a copy of it has it. Raises ValueError."""
        lines = _Lines.of(text)
        found = cls(lines.secret)
        found._take(lines)
        return found

    def reload(self) -> bool:
        """Read it again, for whoever runs while it is changed. Returns whether it is another one now."""
        if self._path is None or not self._path.exists():
            return False
        before = self._lines
        self._take(_Lines.of(self._path.read_text()))
        return self._lines != before

    @property
    def is_changing(self) -> bool:
        """Whether the key before this one is still needed."""
        return self._lines.old is not None

    def changed(self) -> str:
        """The text of a file with a new key, in which this one still opens what it wrapped."""
        old = self._lines
        former = (*old.former, _Former(self.id, _derive(old.secret, b"audit-heads")))
        layers = (*old.layers, secrets.token_bytes(_SECRET_BYTES))
        return _Lines(secrets.token_bytes(_SECRET_BYTES), old.secret, former, layers).text()

    def settled(self) -> str:
        """The text of the file without the key before."""
        return self._lines._replace(old=None).text()

    def knows(self, other: str) -> bool:
        """Whether that is this key, or was before it was changed."""
        return other == self.id or any(former.id == other for former in self._lines.former)

    def has(self, other: str) -> bool:
        """Whether what that key has wrapped can be opened."""
        return other in self._wraps

    def wrap(self, member: UUID, key: bytes, version: int = 1) -> bytes:
        """A member's key, sealed for storage."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._wraps[self.id].encrypt(nonce, key, _bound_to(member, version))

    def unwrap(self, member: UUID, wrapped: bytes, version: int = 1) -> bytes:
        """Raises Misconfigured when it was wrapped by another key file."""
        nonce, sealed = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
        for cipher in self._wraps.values():
            with suppress(InvalidTag):
                return cipher.decrypt(nonce, sealed, _bound_to(member, version))
        raise Misconfigured(
            "HEARTH_KEY_FILE: this is not the key file that belongs to this community's keys."
        )

    def classifier_secrets(self) -> list[bytes]:
        """What seals the way to classifier processes, the newest first. It opens nothing else."""
        return [
            _derive(secret, b"classifiers")
            for secret in (self._lines.secret, self._lines.old)
            if secret
        ]

    def fingerprint(self, *parts: str) -> bytes:
        """A keyed hash: equal for equal parts, and useless without the key file."""
        message = b"".join(len(part).to_bytes(8) + part.encode() for part in parts)
        return self.lift(hmac.digest(self._lines.layers[0], message, "sha256"))

    def lift(self, fingerprint: bytes) -> bytes:
        """One that was made before the key was changed, as it is made now. Its first byte counts the changes."""
        layers = self._lines.layers
        done = fingerprint[0] if len(fingerprint) > _HASH_BYTES else 0
        found = fingerprint[-_HASH_BYTES:]
        for layer in layers[done + 1 :]:
            found = hmac.digest(layer, found, "sha256")
        newest = max(done, len(layers) - 1)
        return bytes([newest]) + found if newest else found

    def sign_head(self, message: bytes) -> bytes:
        """A signature that nobody can make without the key file."""
        return hmac.digest(self._heads[0], message, "sha256")

    def head_signatures(self, message: bytes, *, former: bool) -> Iterator[bytes]:
        """What a signature may be, the newest key first. former: also under keys that sign no more."""
        keys = [*self._heads, *(self._former_heads if former else ())]
        return (hmac.digest(key, message, "sha256") for key in dict.fromkeys(keys))


class _Former(NamedTuple):
    """A key that was changed: its id, and what checks the audit log's heads it signed."""

    id: str
    heads: bytes


class _Lines(NamedTuple):
    """What stands in a key file. old: the key before, while it is changed. layers: of fingerprints."""

    secret: bytes
    old: bytes | None
    former: tuple[_Former, ...]
    layers: tuple[bytes, ...]

    @classmethod
    def of(cls, text: str) -> "_Lines":
        """Raises ValueError."""
        first, *rest = text.splitlines() or [""]
        if not first.startswith(_HEADER):
            raise ValueError
        secret = _secret(first.removeprefix(_HEADER))
        words = [line.split() for line in rest]
        old = next((_secret(word[1]) for word in words if word[0] == "old"), None)
        former = tuple(_Former(word[1], _secret(word[2])) for word in words if word[0] == "former")
        layers = tuple(_secret(word[1]) for word in words if word[0] == "layer")
        return cls(secret, old, former, layers or (_derive(secret, b"fingerprint"),))

    def text(self) -> str:
        """As it stands there."""
        lines = [_HEADER + _text(self.secret)]
        lines += [f"old {_text(self.old)}"] if self.old else []
        lines += [f"former {former.id} {_text(former.heads)}" for former in self.former]
        lines += [f"layer {_text(layer)}" for layer in self.layers]
        return "\n".join(lines) + "\n"


class Row(NamedTuple):
    """A wrapped key as it is stored. version: of the member's keys, from 1; key_file: which one wrapped it."""

    member: bytes
    version: int
    wrapped: bytes
    key_file: str


class _State(NamedTuple):
    """generation: how often all keys were changed. changed_at: when last."""

    generation: int
    key_file: str
    changed_at: str | None


class KeyStore:
    """Members' data keys, wrapped. Safe to use from several threads, and beside other processes.

    Keys that were thrown away stay so, whichever copy of the store is put back: they are looked for when it is opened.
    """

    def __init__(self, where: Path | str, key_file: KeyFile) -> None:
        """where: a file, or the postgresql://... of a database of its own. Raises Misconfigured."""
        self._shelf = open_shelf(where, key_file.id)
        self._key_file = key_file
        self._lock = threading.Lock()
        self._cache: OrderedDict[UUID, dict[int, AESGCM]] = OrderedDict()
        for member in self._shelf.erased.members():
            self._shelf.run(_FORGET, member.bytes)
        self._seen, self._look_at = 0, 0.0
        self._state = self._read_state()

    def close(self) -> None:
        """Forget everything that is in memory."""
        with self._lock:
            self._cache.clear()
            self._shelf.close()

    def newest(self, member: UUID) -> tuple[int, AESGCM]:
        """What new words of a member are sealed with, and its version; made where there is none, durable on return.

        Raises NotFound for who was erased.
        """
        with self._lock:
            self._look()
            ciphers, wanted = self._load(member), self._state.generation + 1
            if wanted not in ciphers:
                self._check_is_here(member)
                ciphers[wanted] = AESGCM(self._make(member, wanted))
                self._remember(member, ciphers)
            return wanted, ciphers[wanted]

    def find(self, member: UUID, version: int) -> AESGCM | None:
        """One of a member's ciphers, or None when the key is gone (erased)."""
        with self._lock:
            self._look()
            found = self._load(member).get(version)
            if found is None:  # another process may have made it just now
                self._cache.pop(member, None)
                found = self._load(member).get(version)
            return found

    def server_secret(self, name: str) -> bytes:
        """32 bytes that belong to the server itself, made at their first use and then always the same."""
        member = uuid5(_SERVER, name)
        with self._lock:
            return self._keys(member).get(1) or self._make(member, 1)

    def shred(self, member: UUID, now: datetime) -> None:
        """Delete the keys: what was sealed with them stays unreadable from now on."""
        with self._lock:
            self._cache.pop(member, None)
            self._shelf.erased.add(member, now)
            self._forget(member)

    def drop(self, owner: UUID) -> None:
        """Delete the keys of something that was kept for a time. No copy is to bring them back for long."""
        with self._lock:
            self._cache.pop(owner, None)
            self._forget(owner)

    def erased(self) -> dict[UUID, datetime]:
        """Whose keys were thrown away here, and when."""
        return self._shelf.erased.members()

    def all(self) -> list[Row]:
        """Every row."""
        with self._lock:
            found = self._shelf.run(f"SELECT {_COLUMNS} FROM member_key ORDER BY 1, 2")  # noqa: S608
            return [Row(*row) for row in found]

    def put_back(self, rows: Iterable[Row]) -> int:
        """Those that are not here, and were not thrown away. Returns how many came back; durable on return."""
        erased = {member.bytes for member in self._shelf.erased.members()}
        missing = [row for row in rows if row.member not in erased]
        with self._lock, self._shelf.writing():
            return sum(len(self._shelf.run(_INSERT, *row)) for row in missing)

    # --- changing all keys ---

    def begin_change(self, now: datetime) -> bool:
        """From now on every member's new words are sealed with new keys. False when that was begun already."""
        with self._lock, self._shelf.writing():
            state = self._read_state()
            if state.key_file == self._key_file.id:
                return False
            self._shelf.run(
                "UPDATE key_state SET generation = ?, key_file = ?, changed_at = ?",
                state.generation + 1, self._key_file.id, now.isoformat(timespec="seconds"),
            )  # fmt: skip
            self._shelf.mark()
        self._cache.clear()
        self._state = self._read_state()
        return True

    @property
    def version(self) -> int:
        """Of the keys that new words are sealed with."""
        with self._lock:
            self._look()
            return self._state.generation + 1

    def wrap_some_again(self, limit: int) -> int:
        """Keys that the key file before has wrapped. Returns how many were done; 0: none is left."""
        with self._lock, self._shelf.writing():
            found = self._shelf.run(
                f"SELECT {_COLUMNS} FROM member_key WHERE key_file <> ? LIMIT ?",  # noqa: S608
                self._key_file.id, limit,
            )  # fmt: skip
            for row in map(Row._make, found):
                member = UUID(bytes=row.member)
                key = self._key_file.unwrap(member, row.wrapped, row.version)
                self._shelf.run(
                    "UPDATE member_key SET wrapped = ?, key_file = ? WHERE member = ? AND version = ?",
                    self._key_file.wrap(member, key, row.version), self._key_file.id, row.member, row.version,
                )  # fmt: skip
            return len(found)

    def retired_since(self) -> datetime | None:
        """When the keys were changed of which older ones are still kept; None: none are."""
        with self._lock:
            state = self._read_state()
            found = self._shelf.run(f"SELECT 1 {_RETIRED} LIMIT 1")
        return datetime.fromisoformat(state.changed_at) if found and state.changed_at else None

    def drop_retired(self) -> int:
        """Delete every key that a newer one of the same member has taken the place of."""
        with self._lock, self._shelf.writing():
            self._cache.clear()
            self._shelf.mark()
            return len(self._shelf.run(f"DELETE {_RETIRED} RETURNING version"))

    def _check_is_here(self, member: UUID) -> None:
        if member in self._shelf.erased.members():
            raise NotFound

    def _look(self) -> None:
        """At most once a second: whether another process has changed the keys."""
        now = time.monotonic()
        if now < self._look_at:
            return
        self._look_at = now + _LOOK_EVERY_S
        seen = self._shelf.changes()
        if seen != self._seen:
            self._seen = seen
            self._cache.clear()
            self._take_state(self._read_state())

    def _take_state(self, state: _State) -> None:
        if state.key_file != self._key_file.id:
            self._key_file.reload()
        self._state = state

    def _read_state(self) -> _State:
        query = "SELECT generation, key_file, changed_at FROM key_state"
        return _State(*self._shelf.run(query)[0])

    def _forget(self, member: UUID) -> None:
        with self._shelf.writing():
            self._shelf.run(_FORGET, member.bytes)
            self._shelf.mark()

    def _load(self, member: UUID) -> dict[int, AESGCM]:
        ciphers = self._cache.get(member)
        if ciphers is None:
            ciphers = {version: AESGCM(key) for version, key in self._keys(member).items()}
            self._remember(member, ciphers)
        return ciphers

    def _remember(self, member: UUID, ciphers: dict[int, AESGCM]) -> None:
        if ciphers:
            self._cache[member] = ciphers
        if len(self._cache) > _CACHE_SIZE:
            self._cache.popitem(last=False)

    def _keys(self, member: UUID) -> dict[int, bytes]:
        found = self._shelf.run(
            "SELECT version, wrapped, key_file FROM member_key WHERE member = ?", member.bytes
        )
        if any(not self._key_file.has(by) for _, _, by in found):
            self._key_file.reload()
        return {
            version: self._key_file.unwrap(member, wrapped, version)
            for version, wrapped, _ in found
        }

    def _make(self, member: UUID, version: int) -> bytes:
        """Under the key file that counts at this moment, whoever is changing it."""
        with self._shelf.writing():
            self._take_state(self._read_state())
            wrapped = self._key_file.wrap(member, AESGCM.generate_key(bit_length=256), version)
            self._shelf.run(_INSERT, member.bytes, version, wrapped, self._key_file.id)
        return self._keys(member)[version]


_FORGET = "DELETE FROM member_key WHERE member = ?"
_COLUMNS = "member, version, wrapped, key_file"
_INSERT = """
INSERT INTO member_key (member, version, wrapped, key_file) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING
RETURNING version
"""
_RETIRED = """FROM member_key WHERE EXISTS (
    SELECT 1 FROM member_key AS newer
    WHERE newer.member = member_key.member AND newer.version > member_key.version
)"""


def key_id(secret: bytes) -> str:
    """Names a key, and says nothing about it."""
    return hashlib.sha256(_derive(secret, b"id")).hexdigest()[:8]


def _bound_to(member: UUID, version: int) -> bytes:
    return member.bytes if version == 1 else member.bytes + version.to_bytes(2)


def _text(secret: bytes) -> str:
    return base64.b64encode(secret).decode()


def _secret(text: str) -> bytes:
    secret = base64.b64decode(text, validate=False)
    if len(secret) != _SECRET_BYTES:
        raise ValueError
    return secret


def _derive(secret: bytes, purpose: bytes) -> bytes:
    return hmac.digest(secret, b"hearth/" + purpose, "sha256")
