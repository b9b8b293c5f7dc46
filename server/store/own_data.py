"""Everything of one member's, as the register of data gives it, and the exports they asked for."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Table as Stored
from sqlmodel import SQLModel, col, or_, select

from server.store import fields
from server.store.fields import FIELDS
from server.store.register import OF_MESSAGE, Table, register
from server.store.sealing import Spot
from server.store.tables import DataExport, Message
from server.store.work import Work

_FETCHING = timedelta(minutes=1)
_FILE = Spot("data_export", "file", UUID(int=0), None)


def collect(work: Work, member_id: UUID) -> dict[str, list[dict[str, Any]]]:
    """Rows by table, with the member's own words opened. Columns that are somebody else's stay out."""
    found = {}
    for name, table in register().items():
        if table.whose and table.given:
            found[name] = _rows(work, member_id, SQLModel.metadata.tables[name], table)
    found["case_flag"] += _refused(work, member_id, {row["id"] for row in found["case_flag"]})
    found["care_case"] = [row for row in found["care_case"] if row["sealed"] is not None]
    return found


def _rows(work: Work, member_id: UUID, stored: Stored, table: Table) -> list[dict[str, Any]]:
    given = [stored.c[name] for name in table.given]
    query = select(*given)
    if table.whose == OF_MESSAGE:
        mine = select(Message.id).where(Message.author_id == member_id)
        query = query.where(stored.c.message_id.in_(mine))
    else:
        query = query.where(stored.c[table.whose] == member_id)
    first = next(iter(stored.primary_key.columns))
    rows = [dict(row._mapping) for row in work.connection.execute(query.order_by(first))]
    opened = {
        field.column: {held.row: fields.open_held(work, held) for held in fields.of_owner(work, member_id, field)}
        for field in FIELDS
        if field.table is stored and field.column in table.given
    }  # fmt: skip
    for row in rows:
        for column, words in opened.items():
            row[column] = words.get(row["id"])
    return rows


def _refused(work: Work, member_id: UUID, known: set[UUID]) -> list[dict[str, Any]]:
    """Posts that were refused: nobody else keeps them."""
    field = next(field for field in FIELDS if field.name == "case_flag.sealed")
    return [
        {"id": held.row, "source": "refused", "sealed": fields.open_held(work, held)}
        for held in fields.of_owner(work, member_id, field)
        if held.row not in known
    ]


def seal_file(work: Work, export: DataExport, content: bytes) -> bytes:
    """As it lies on the disk."""
    return work.sealer.seal_bytes(export.member_id, content, _FILE._replace(row=export.id))


def open_file(work: Work, export: DataExport, sealed: bytes) -> bytes:
    """Raises Unreadable."""
    return work.sealer.open_bytes(export.member_id, sealed, _FILE._replace(row=export.id))


def newest(work: Work, member_id: UUID) -> DataExport | None:
    """What a member asked for last."""
    query = select(DataExport).where(DataExport.member_id == member_id)
    return work.session.exec(
        query.order_by(col(DataExport.asked_at).desc(), col(DataExport.id).desc())
    ).first()


def find(work: Work, member_id: UUID, export_id: UUID) -> DataExport | None:
    """One of a member's own, locked until the commit where the engine locks rows."""
    query = select(DataExport).where(DataExport.id == export_id, DataExport.member_id == member_id)
    return work.session.exec(
        query.with_for_update().execution_options(populate_existing=True)
    ).first()


def waiting(work: Work) -> Sequence[DataExport]:
    """Those that are to be made, the oldest first."""
    query = select(DataExport).where(DataExport.state == "waits")
    return work.session.exec(query.order_by(col(DataExport.asked_at)).limit(5)).all()


def with_files(work: Work, now: datetime) -> set[UUID]:
    """Those whose file may still be fetched, or is being fetched right now."""
    query = select(DataExport.id).where(
        or_(
            (col(DataExport.state) == "ready") & (col(DataExport.until) > now),
            col(DataExport.taken_at) > now - _FETCHING,
        )
    )
    return set(work.session.exec(query))
