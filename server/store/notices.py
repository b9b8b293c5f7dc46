"""Queries about notices, and the sealing of their words under the receiver's key."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, func, select, update

from server.store.sealing import Spot, Unreadable
from server.store.tables import Notice
from server.store.work import Work

UNREADABLE = "[These words can no longer be read.]"


def add(work: Work, notice: Notice, words: str) -> None:
    """Keep a notice with its words as they were told."""
    notice.sealed = work.sealer.seal(notice.member_id, words, _spot(notice))
    work.session.add(notice)
    work.session.flush()


def open_words(work: Work, notice: Notice) -> str:
    """What the receiver was told."""
    if notice.sealed is None:
        return UNREADABLE
    try:
        return work.sealer.open(notice.member_id, notice.sealed, _spot(notice))
    except Unreadable:
        return UNREADABLE


def of_member(work: Work, member_id: UUID, limit: int) -> Sequence[Notice]:
    """A member's notices, newest first."""
    query = select(Notice).where(Notice.member_id == member_id)
    return work.session.exec(
        query.order_by(col(Notice.at).desc(), col(Notice.id).desc()).limit(limit)
    ).all()


def count_unread(work: Work, member_id: UUID) -> int:
    """How many a member has not read."""
    query = select(func.count()).where(Notice.member_id == member_id, col(Notice.read_at).is_(None))
    return work.session.exec(query.select_from(Notice)).one()


def find_own(work: Work, member_id: UUID, notice_id: UUID) -> Notice | None:
    """A notice of this member, locked until the commit where the engine locks rows."""
    query = select(Notice).where(Notice.id == notice_id, Notice.member_id == member_id)
    return work.session.exec(
        query.with_for_update().execution_options(populate_existing=True)
    ).first()


def find(work: Work, notice_id: UUID) -> Notice | None:
    """A notice, whoever it is for."""
    return work.session.get(Notice, notice_id)


def overturn_hidden(work: Work, message_id: UUID) -> None:
    """A message is shown again: that it was hidden stands no more, and neither does that it was asked about."""
    query = (
        update(Notice)
        .where(col(Notice.message_id) == message_id, col(Notice.kind) == "hidden")
        .values(appeal="overturned")
        .execution_options(synchronize_session="fetch")
    )
    work.session.exec(query)


def find_for_message(work: Work, message_id: UUID, kind: str) -> Notice | None:
    """The newest notice of this kind about a message."""
    query = select(Notice).where(Notice.message_id == message_id, Notice.kind == kind)
    return work.session.exec(query.order_by(col(Notice.at).desc())).first()


def told_in(work: Work, case_id: UUID, kind: str) -> Sequence[Notice]:
    """What was told because of decisions on a case, of one kind and appealable, oldest first."""
    query = select(Notice).where(
        Notice.case_id == case_id, Notice.kind == kind, col(Notice.appeal_until).is_not(None)
    )
    return work.session.exec(query.order_by(col(Notice.at))).all()


def has_any(work: Work, member_id: UUID, message_id: UUID) -> bool:
    """Whether a member was told anything about this message."""
    query = select(Notice.id).where(Notice.member_id == member_id, Notice.message_id == message_id)
    return work.session.exec(query.limit(1)).first() is not None


def mark_read(work: Work, notice: Notice) -> None:
    """Remember when it was first read."""
    query = (
        update(Notice)
        .where(col(Notice.id) == notice.id, col(Notice.read_at).is_(None))
        .values(read_at=work.now)
    )
    work.session.exec(query)


def _spot(notice: Notice) -> Spot:
    return Spot("notice", "sealed", notice.id, notice.room_id)
