"""Whose keys were thrown away: kept apart from the keys, so that an old copy of those brings nobody back."""

import os
from datetime import datetime
from pathlib import Path
from typing import Protocol
from uuid import UUID

from server.store.durable import make_durable


class ErasedKeys(Protocol):
    """Names members by id alone."""

    def add(self, member: UUID, now: datetime) -> None:
        """Durable on return."""
        ...

    def members(self) -> dict[UUID, datetime]:
        """Each with the time of its erasure."""
        ...


class Erased:
    """In a file that no backup holds."""

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
        return read_members(self._path.read_text()) if self._path.exists() else {}


def read_members(text: str) -> dict[UUID, datetime]:
    """Each that the lines name, with the time of its erasure."""
    found = (_read_erased(line) for line in text.splitlines())
    return dict(one for one in found if one)


def _read_erased(line: str) -> tuple[UUID, datetime] | None:
    """None for what a crash left of a line: that key was not thrown away yet."""
    try:
        member, at = line.split()
        return UUID(member), datetime.fromisoformat(at)
    except ValueError:
        return None
