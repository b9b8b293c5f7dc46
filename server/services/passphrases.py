"""Passphrases: Argon2id, at most two at once, off the event loop."""

import asyncio
import gzip
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from server.errors import TooCommon, TooFast

Result = TypeVar("Result")

_AT_ONCE = 2
"""Each takes 19 MiB and tens of milliseconds; forty at once took a gigabyte."""
_WAITING = 64

_COMMON_FILE = Path(__file__).with_name("common_passphrases.txt.gz")
"""The 11,611 of at least 8 letters among the 30,000 that were found most in stolen lists.

Source: zxcvbn 4.5.0 (MIT), frequency_lists.py.
"""

_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
"""OWASP's floor: 19 MiB, two passes."""


def hash_now(passphrase: str) -> str:
    """An Argon2id hash with its own salt; takes tens of milliseconds: not on the event loop."""
    return _HASHER.hash(passphrase)


class Passphrases:
    """Hashes and checks; its own two threads, and a queue that ends."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="hearth-argon2")
        self._waiting = 0
        self._nobody = hash_now("nobody has this passphrase")

    async def hash(self, passphrase: str) -> str:
        """An Argon2id hash."""
        return await self._run(hash_now, passphrase)

    async def matches(self, stored: str | None, passphrase: str) -> bool:
        """Takes as long when there is nothing to compare with."""
        return (
            await self._run(self._matches, stored or self._nobody, passphrase)
            and stored is not None
        )

    def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _matches(self, stored: str, passphrase: str) -> bool:
        try:
            return _HASHER.verify(stored, passphrase)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, function: Callable[..., Result], *arguments: str) -> Result:
        if self._waiting >= _WAITING:
            raise TooFast(retry_after_s=5)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._threads, function, *arguments
            )
        finally:
            self._waiting -= 1


def check_passphrase(passphrase: str, pseudonym: str) -> None:
    """Raises TooCommon for what others would guess first."""
    plain = passphrase.casefold().replace(" ", "")
    if plain in _common() or len(set(plain)) < 4 or plain == pseudonym.casefold().replace(" ", ""):
        raise TooCommon


@cache
def _common() -> frozenset[str]:
    return frozenset(gzip.decompress(_COMMON_FILE.read_bytes()).decode().split())
