"""A file that leaves the place: AES-256-GCM under a passphrase, with its name and id in the clear.

A line with the kind of file, a line of JSON (id, salt, nonce), then ciphertext with its tag. Both
lines are associated data: a file under another id does not open. Key: scrypt, n = 2^17, r = 8, p = 1
(128 MB and about half a second for each guess).
"""

import base64
import os
from pathlib import Path
from typing import Final
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from server.errors import ServerError

_KIND: Final = b"hearth-labels-1\n"
_NONCE_BYTES: Final = 12
_SALT_BYTES: Final = 16
_COST: Final = 2**17


class FileRefused(ServerError):
    """Not such a file, not this passphrase, or there is one under this name already."""

    code = "file_refused"
    detail = "This is not a file of labels."


def write(path: Path, passphrase: bytes, file_id: UUID, content: bytes) -> None:
    """A new file, readable by its owner alone (0600); cut off by a crash, it does not open. Raises FileRefused."""
    salt, nonce = os.urandom(_SALT_BYTES), os.urandom(_NONCE_BYTES)
    head = _head(file_id, salt, nonce)
    sealed = AESGCM(_key(passphrase, salt)).encrypt(nonce, content, head)
    write_private(path, head + sealed)


def write_private(path: Path, content: bytes) -> None:
    """A new file (0600). Raises FileRefused when it is there already, or cannot be written."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise FileRefused(f"{path} is there already, and is left as it is.") from None
    except OSError as error:
        raise FileRefused(f"{path} cannot be written ({error.strerror}).") from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise FileRefused(f"{path} cannot be written ({error.strerror}).") from None


def read_id(path: Path) -> UUID:
    """Which file it is, without the passphrase. Raises FileRefused."""
    return _parts(path)[1]


def read(path: Path, passphrase: bytes) -> bytes:
    """What was written. Raises FileRefused when a byte was changed, or the passphrase is another."""
    head, _, salt, nonce, sealed = _parts(path)
    try:
        return AESGCM(_key(passphrase, salt)).decrypt(nonce, sealed, head)
    except InvalidTag:
        raise FileRefused(
            f"{path} does not open: it is another passphrase, or the file was changed."
        ) from None


def _head(file_id: UUID, salt: bytes, nonce: bytes) -> bytes:
    said = {
        "id": str(file_id),
        "salt": base64.b64encode(salt).decode(),
        "nonce": base64.b64encode(nonce).decode(),
    }
    return _KIND + orjson.dumps(said, option=orjson.OPT_APPEND_NEWLINE)


def _parts(path: Path) -> tuple[bytes, UUID, bytes, bytes, bytes]:
    try:
        whole = path.read_bytes()
        kind, said, sealed = whole.split(b"\n", 2)
        head = orjson.loads(said)
        if kind + b"\n" != _KIND:
            raise FileRefused
        salt, nonce = base64.b64decode(head["salt"]), base64.b64decode(head["nonce"])
        return whole[: -len(sealed)], UUID(head["id"]), salt, nonce, sealed
    except OSError as error:
        raise FileRefused(f"{path} cannot be read ({error.strerror}).") from None
    except (ValueError, KeyError, TypeError):
        raise FileRefused(f"{path} is not a file of labels.") from None


def _key(passphrase: bytes, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=_COST, r=8, p=1).derive(passphrase)
