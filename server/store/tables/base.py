"""What every table shares: named constraints, aware UTC times, UUIDv7 ids."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Dialect, TypeDecorator
from sqlmodel import Field, SQLModel

from server.ids import new_id

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Utc(TypeDecorator[datetime]):
    """Aware UTC on every engine; a naive time is a mistake and refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database: must be aware."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("times are aware UTC")
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """From the database: always aware."""
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=UTC)


def time(*, index: bool = False, default: Any = ...) -> Any:
    """A column for one point in time."""
    return Field(default, sa_type=Utc, index=index)


def maybe_time(*, index: bool = False) -> Any:
    """A column for a point in time that may never come."""
    return Field(None, sa_type=Utc, index=index, nullable=True)


def primary() -> Any:
    """The id column."""
    return Field(default_factory=new_id, primary_key=True)


__all__ = ["UUID", "SQLModel", "Utc", "maybe_time", "primary", "time"]
