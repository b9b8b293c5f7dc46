"""Statements of the hot path: said once in SQLAlchemy, compiled once, then run as the driver runs them.

Building, caching and unwrapping a query for each message costs ten times what the database does for it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect, Table, insert
from sqlalchemy.sql import ClauseElement

from server.store.tables.base import Utc

Process = Callable[[Any], Any] | None
Steps = tuple[tuple[int, Callable[[Any], Any]], ...]
"""Which values of a row are made ready, and how."""


@dataclass(frozen=True, slots=True)
class _Form:
    """A statement in one dialect. names, defaults: of its parameters; into, out: to the driver, and back."""

    sql: str
    names: tuple[str, ...]
    defaults: dict[str, Any]
    into: Steps
    out: Steps

    def ready(self, given: dict[str, Any]) -> list[Any]:
        """Raises KeyError when one is missing."""
        return _through(self.into, [given[name] for name in self.names])


class Prepared:
    """A query or an update with named parameters (bindparam); without IN lists."""

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._forms: dict[str, _Form] = {}

    def rows(self, connection: Connection, **values: Any) -> list[tuple[Any, ...]]:
        """Every row, as plain values in the order of the statement's columns."""
        form = self._form(connection.dialect)
        ready = tuple(form.ready(form.defaults | values))
        found = _execute(connection, form.sql, ready).fetchall()
        return [tuple(_through(form.out, [*row])) for row in found]

    def first(self, connection: Connection, **values: Any) -> tuple[Any, ...] | None:
        """The first row, if there is one."""
        rows = self.rows(connection, **values)
        return rows[0] if rows else None

    def _form(self, dialect: Dialect) -> _Form:
        form = self._forms.get(dialect.name)
        if form is None:
            form = self._forms[dialect.name] = _compiled(self._statement, dialect)
        return form


class Rows:
    """Whole rows into one table, many at once. Every column is given: no default is filled in."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._forms: dict[str, _Form] = {}

    def add(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
        """Raises KeyError when a row lacks a column."""
        form = self._form(connection.dialect)
        values = [form.ready(row) for row in rows]
        if connection.dialect.name == "sqlite":
            _driver(connection).executemany(form.sql, values)
        elif values:
            columns = tuple([*column] for column in zip(*values, strict=True))
            connection.exec_driver_sql(form.sql, columns)

    def _form(self, dialect: Dialect) -> _Form:
        form = self._forms.get(dialect.name)
        if form is None:
            plain = _compiled(insert(self._table), dialect)
            form = plain if dialect.name == "sqlite" else self._unnested(plain, dialect)
            self._forms[dialect.name] = form
        return form

    def _unnested(self, plain: _Form, dialect: Dialect) -> _Form:
        """PostgreSQL takes each column as one array: one statement, however many rows."""
        types = [
            self._table.columns[name].type.dialect_impl(dialect).compile(dialect)
            for name in plain.names
        ]
        names = ", ".join(f'"{name}"' for name in plain.names)
        arrays = ", ".join(f"${at}::{kind}[]" for at, kind in enumerate(types, start=1))
        sql = f'INSERT INTO "{self._table.name}" ({names}) SELECT * FROM unnest({arrays})'  # noqa: S608 - our own names
        return replace(plain, sql=sql)


def _compiled(statement: ClauseElement, dialect: Dialect) -> _Form:
    compiled: Any = statement.compile(dialect=dialect)
    names = tuple(compiled.positiontup)
    into = [_made_ready(compiled.binds[name].type, dialect) for name in names]
    out = [
        column.type._cached_result_processor(dialect, None) for column in compiled._result_columns
    ]
    return _Form(str(compiled), names, compiled.params, _steps(into), _steps(out))


def _steps(processes: Sequence[Process]) -> Steps:
    return tuple((at, process) for at, process in enumerate(processes) if process)


def _through(steps: Steps, values: list[Any]) -> list[Any]:
    for at, process in steps:
        values[at] = process(values[at])
    return values


def _made_ready(kind: Any, dialect: Dialect) -> Process:
    process: Process = kind._cached_bind_processor(dialect)
    if process and isinstance(kind, Utc):  # one moment stands in many columns and rows of a batch
        return lru_cache(maxsize=8)(process)
    return process


def _execute(connection: Connection, sql: str, values: tuple[Any, ...]) -> Any:
    if connection.dialect.name == "sqlite":
        return _driver(connection).execute(sql, values)
    return connection.exec_driver_sql(sql, values)


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection
