"""A file of labels that leaves the place: sealed as backups are, its id in the clear and bound to it."""

import os
from datetime import datetime
from pathlib import Path
from uuid import UUID

from server.errors import NotNow, ServerError
from server.store.copies.sealed_file import (
    Damaged,
    NotACopy,
    WrongPassphrase,
    open_sealed,
    read_label,
    write_sealed,
)


class FileRefused(ServerError):
    """Not such a file, not this passphrase, or there is one under this name already."""

    code = "file_refused"
    detail = "This is not a file of labels."


def write(path: Path, passphrase: str, file_id: UUID, made_at: datetime, content: bytes) -> None:
    """A new file, readable by its owner alone (0600), there when all of it is. Raises FileRefused."""
    try:
        with write_sealed(path, passphrase, "labels", made_at, file_id) as file:
            file.write(content)
    except NotNow as error:
        raise FileRefused(error.detail) from None
    except OSError as error:
        raise FileRefused(f"{path} cannot be written ({error.strerror}).") from None


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
    try:
        label = read_label(path)
    except OSError as error:
        raise FileRefused(f"{path} cannot be read ({error.strerror}).") from None
    except NotACopy:
        label = None
    if label is None or label.what != "labels" or label.id is None:
        raise FileRefused(f"{path} is not a file of labels.")
    return label.id


def read(path: Path, passphrase: str) -> bytes:
    """What was written. Raises FileRefused when a byte was changed, or the passphrase is another."""
    read_id(path)
    try:
        with open_sealed(path, passphrase, "labels") as (_, blocks):
            return b"".join(blocks)
    except (WrongPassphrase, Damaged):
        raise FileRefused(
            f"{path} does not open: it is another passphrase, or the file was changed."
        ) from None
