"""Queries of a member's own journal, and its sealing."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import col, delete, select

from server.store.sealing import Spot
from server.store.tables import JournalEntry, JournalLock
from server.store.work import Work


def add_entry(work: Work, member_id: UUID, client_id: UUID, content: str) -> JournalEntry:
    """Keep it for whoever wrote it."""
    entry = JournalEntry(member_id=member_id, client_id=client_id, sealed=b"", at=work.now)
    put_content(work, entry, content)
    return entry


def put_content(work: Work, entry: JournalEntry, content: str) -> None:
    """In place of what an entry held, sealed under its member's key."""
    entry.sealed = work.sealer.seal(entry.member_id, content, _spot(entry))
    work.session.add(entry)


def entries(
    work: Work, member_id: UUID, before: UUID | None, limit: int | None
) -> Sequence[JournalEntry]:
    """Somebody's own, newest first. before: from this one on back, without it."""
    query = select(JournalEntry).where(JournalEntry.member_id == member_id)
    if before is not None:
        query = query.where(col(JournalEntry.id) < before)
    return work.session.exec(query.order_by(col(JournalEntry.id).desc()).limit(limit)).all()


def find_entry(work: Work, member_id: UUID, entry_id: UUID) -> JournalEntry | None:
    """One of somebody's own."""
    query = select(JournalEntry).where(
        JournalEntry.id == entry_id, JournalEntry.member_id == member_id
    )
    return work.session.exec(query).first()


def find_sent(work: Work, member_id: UUID, client_id: UUID) -> JournalEntry | None:
    """What somebody sent under that id of theirs before."""
    query = select(JournalEntry).where(
        JournalEntry.member_id == member_id, JournalEntry.client_id == client_id
    )
    return work.session.exec(query).first()


def open_entry(work: Work, entry: JournalEntry) -> str | None:
    """What it holds; None when the key is gone."""
    return work.sealer.opened(entry.member_id, entry.sealed, _spot(entry))


def remove_all(work: Work, member_id: UUID) -> None:
    """Let go of each of a member's entries."""
    work.session.exec(delete(JournalEntry).where(col(JournalEntry.member_id) == member_id))


def find_lock(work: Work, member_id: UUID) -> JournalLock | None:
    """Whose key a member's journal is under; None: it was never turned, and nothing was written."""
    return work.session.get(JournalLock, member_id)


def hold_lock(work: Work, member_id: UUID) -> JournalLock:
    """The same, and nobody else writes or turns until the commit, where the engine locks rows."""
    query = select(JournalLock).where(JournalLock.member_id == member_id).with_for_update()
    query = query.execution_options(populate_existing=True)
    held = work.session.exec(query).first()
    if held is None:
        _begin(work, member_id)
        held = work.session.exec(query).one()
    return held


def _begin(work: Work, member_id: UUID) -> None:
    try:
        with work.session.begin_nested():
            work.session.add(JournalLock(member_id=member_id))
    except IntegrityError:  # written first in two tabs at once
        pass


def _spot(entry: JournalEntry) -> Spot:
    return Spot("journal_entry", "sealed", entry.id, None)
