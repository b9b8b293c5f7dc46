"""Who works on the data of this folder: many at once, or one alone who puts others in their place.

A lock that the system lets go of when its process ends, however it ends.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

import orjson

from server.errors import Misconfigured, NotNow
from server.settings import Settings

_BUSY = (
    "The data of this place are being put back or moved right now: "
    "wait until that command has ended."
)
_IN_USE = "Hearth is running here, or another of its commands: stop it first."

_MOVING = "A move of this community is going on already."


@contextmanager
def in_use(settings: Settings) -> Iterator[None]:
    """While somebody serves or writes here. Raises NotNow, or Misconfigured where a community has moved out."""
    with _locked(settings, "in-use", fcntl.LOCK_SH, _BUSY):
        check_still_here(settings)
        yield


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """While nobody else does. Raises NotNow."""
    with _locked(settings, "in-use", fcntl.LOCK_EX, _IN_USE):
        yield


@contextmanager
def one_move(settings: Settings) -> Iterator[None]:
    """Two moves of one community would take each other's parts away. Raises NotNow."""
    with _locked(settings, "moving", fcntl.LOCK_EX, _MOVING):
        yield


def check_still_here(settings: Settings) -> None:
    """Raises Misconfigured where the embedded database was left behind by a move."""
    if settings.database_url.startswith("postgres") or not settings.moved_path.exists():
        return
    moved = orjson.loads(settings.moved_path.read_bytes())
    raise Misconfigured(
        f"HEARTH_DATABASE_URL: this community moved to PostgreSQL ({moved['to']}) on {moved['at'][:16]} UTC;"
        f" name that database. To stay here after all: docs/operations.md, Undoing a move."
    )


@contextmanager
def _locked(settings: Settings, name: str, how: int, refusal: str) -> Iterator[None]:
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(settings.data_dir / name, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise NotNow(refusal) from None
    try:
        yield
    finally:
        os.close(descriptor)
