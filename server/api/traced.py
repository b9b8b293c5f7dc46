"""The database with spans around it, where traces are on: that something was written or read, and how long it took."""

from collections.abc import Callable
from typing import Any, TypeVar

from server import tracing
from server.store.work import Database, Together, Work

Result = TypeVar("Result")


def watched(database: Database) -> Database:
    """The same one while traces are off."""
    return _Traced(database) if tracing.is_on() else database


class _Traced:
    """Passes everything on. A verb is not named: its name says nothing that the frame or request does not."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def do(self, verb: Callable[[Work], Result]) -> Result:
        """As the database."""
        with tracing.span("database.do"):
            return await self._database.do(verb)

    async def do_together(self, verbs: Together[Any, Result], item: Any) -> Result:
        """As the database."""
        with tracing.span("database.do_together"):
            return await self._database.do_together(verbs, item)

    async def read(self, verb: Callable[[Work], Result]) -> Result:
        """As the database."""
        with tracing.span("database.read"):
            return await self._database.read(verb)

    @property
    def waiting(self) -> int:
        """As the database."""
        return self._database.waiting

    async def close(self) -> None:
        """As the database."""
        await self._database.close()
