"""The row that every way stores: two indexes, about 120 bytes of text."""

import itertools
import time
from collections.abc import Awaitable
from typing import Any, Final, Protocol

from tests.bench.texts import FILL

Row = tuple[int, int, str, float, str]
INSERT: Final = "INSERT INTO message(room, author, nonce, ts, body) VALUES(?,?,?,?,?)"
_numbers = itertools.count(1)


class Store(Protocol):
    """One way to write."""

    batches: int
    """Commits so far."""

    async def open(self) -> None:
        """An empty table."""

    def put(self, row: Row) -> Awaitable[Any]:
        """Awaited until the row is committed."""
        ...

    async def close(self) -> None:
        """No more rows."""


def next_row() -> Row:
    """No two alike."""
    n = next(_numbers)
    return (n % 50, n % 997, f"n{n:08x}", time.time(), FILL)
