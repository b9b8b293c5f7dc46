"""A file that only its passphrase opens: packed, then sealed in chunks, each bound to its place, the end marked.

Its first line stands in clear: what it is, when it was made, what the passphrase is mixed with. Chunks
are sealed with AES-256-GCM; a chunk's nonce is its number and whether it is the last, and the first
line is bound to each: nothing can be changed, moved, cut off or put in unseen.
Source: Hoang, Reyhanitabar, Rogaway, Vizár 2015, "Online Authenticated-Encryption and its Nonce-Reuse
Misuse-Resistance" (STREAM); the passphrase by Argon2id, RFC 9106, second recommended choice.
"""

import hmac
import os
import secrets
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Literal
from uuid import UUID

import orjson
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from server.errors import NotNow, ServerError
from server.store.durable import make_durable

What = Literal["backup", "keys", "labels"]
_FORMAT = 1
_CHUNK_BYTES = 1024 * 1024
_TAG_BYTES = 16
_FIRST_LINE_MOST_BYTES = 1_024
_FAST = 1
"""Level of packing: what is sealed already only loses what writing it as text added."""


class Damaged(ServerError):
    """Not a byte of the file may be trusted any more."""

    code = "copy_damaged"
    detail = "This file is damaged or cut off: it was not written like this. Use another copy."


class WrongPassphrase(ServerError):
    """It opens nothing here."""

    code = "wrong_passphrase"
    detail = "This is not the passphrase of that file."


class NotACopy(ServerError):
    """Something else."""

    code = "not_a_copy"


@dataclass(frozen=True, slots=True)
class Label:
    """The first line. check: tells a wrong passphrase from a damaged file. id: which of many it is, if that matters."""

    what: What
    made_at: datetime
    salt: bytes
    check: bytes
    id: UUID | None = None

    def line(self) -> bytes:
        """As it stands in the file."""
        fields = {
            "hearth": self.what,
            "format": _FORMAT,
            "made_at": self.made_at.isoformat(timespec="seconds"),
            "salt": self.salt.hex(),
            "check": self.check.hex(),
        }
        if self.id:
            fields["id"] = str(self.id)
        return orjson.dumps(fields) + b"\n"


@contextmanager
def write_sealed(
    path: Path, passphrase: str, what: What, made_at: datetime, file_id: UUID | None = None
) -> Iterator["SealedWriter"]:
    """The file is there when all of it is, durable, and not before. Raises NotNow where there is one already."""
    if path.exists():
        raise NotNow(f"{path} is there already, and is not written over.")
    partial = path.with_name(f"{path.name}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            writer = SealedWriter(file, passphrase, what, made_at, file_id)
            yield writer
            writer.finish()
            file.flush()
            os.fsync(file.fileno())
        _name_it(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


class SealedWriter:
    """Takes bytes as they come."""

    def __init__(
        self,
        file: BinaryIO,
        passphrase: str,
        what: What,
        made_at: datetime,
        file_id: UUID | None,
    ) -> None:
        salt = secrets.token_bytes(16)
        self._cipher, check = _unlock(passphrase, salt)
        self._label = Label(what, made_at, salt, check, file_id).line()
        self._file = file
        self._pack = zlib.compressobj(_FAST)
        self._waiting = bytearray()
        self._number = 0
        file.write(self._label)

    def write(self, data: bytes) -> None:
        """Some more."""
        self._waiting += self._pack.compress(data)
        self._seal_whole_chunks()

    def finish(self) -> None:
        """Nothing more comes."""
        self._waiting += self._pack.flush()
        self._seal_whole_chunks()
        self._seal(bytes(self._waiting), last=True)

    def _seal_whole_chunks(self) -> None:
        """Something is kept back, so that there is a last one to mark."""
        while len(self._waiting) > _CHUNK_BYTES:
            self._seal(bytes(self._waiting[:_CHUNK_BYTES]), last=False)
            del self._waiting[:_CHUNK_BYTES]

    def _seal(self, chunk: bytes, *, last: bool) -> None:
        nonce = _nonce(self._number, last=last)
        self._file.write(self._cipher.encrypt(nonce, chunk, self._label))
        self._number += 1


def read_label(path: Path) -> Label:
    """What stands in clear; nobody vouches for it. Raises NotACopy."""
    with path.open("rb") as file:
        return _read_label(file, path)[0]


@contextmanager
def open_sealed(path: Path, passphrase: str, what: What) -> Iterator[tuple[Label, Iterator[bytes]]]:
    """Its label, and what it holds, a block at a time; a block that comes is as it was written.

    Raises NotACopy, WrongPassphrase; and Damaged, which may come at the last block only.
    """
    with path.open("rb") as file:
        label, line = _read_label(file, path)
        if label.what != what:
            raise NotACopy(f"{path} is a copy of another kind: {label.what}.")
        cipher, check = _unlock(passphrase, label.salt)
        if not hmac.compare_digest(check, label.check):
            raise WrongPassphrase
        yield label, _blocks(file, cipher, line)


def _blocks(file: BinaryIO, cipher: AESGCM, line: bytes) -> Iterator[bytes]:
    unpack = zlib.decompressobj()
    size = _CHUNK_BYTES + _TAG_BYTES
    number, chunk = 0, file.read(size)
    try:
        while chunk:
            following = file.read(size)
            nonce = _nonce(number, last=not following)
            yield unpack.decompress(cipher.decrypt(nonce, chunk, line))
            number, chunk = number + 1, following
    except (InvalidTag, zlib.error):
        raise Damaged from None
    if not unpack.eof:
        raise Damaged


def _read_label(file: BinaryIO, path: Path) -> tuple[Label, bytes]:
    line = file.readline(_FIRST_LINE_MOST_BYTES)
    try:
        fields = orjson.loads(line)
        label = Label(
            fields["hearth"],
            datetime.fromisoformat(fields["made_at"]),
            bytes.fromhex(fields["salt"]),
            bytes.fromhex(fields["check"]),
            UUID(str(fields["id"])) if "id" in fields else None,
        )
        written_by = int(fields["format"])
    except (ValueError, KeyError, TypeError):
        raise NotACopy(
            f"{path} is not a copy that Hearth has made, or its beginning is damaged."
        ) from None
    if written_by != _FORMAT:
        raise NotACopy(f"{path} was made by another Hearth: its format is {written_by}.")
    return label, line


def _unlock(passphrase: str, salt: bytes) -> tuple[AESGCM, bytes]:
    key = hash_secret_raw(
        passphrase.encode(), salt, time_cost=3, memory_cost=64 * 1024, parallelism=4, hash_len=48, type=Type.ID
    )  # fmt: skip
    return AESGCM(key[:32]), key[32:40]


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11) + bytes([last])


def _name_it(partial: Path, path: Path) -> None:
    """Never over another file, also when that came meanwhile."""
    there = NotNow(f"{path} is there already, and is not written over.")
    try:
        os.link(partial, path)
    except FileExistsError:
        raise there from None
    except OSError:  # a stick, say, whose file system knows no second name
        if path.exists():
            raise there from None
        partial.rename(path)
    else:
        partial.unlink()
    make_durable(path.parent)
