"""Which words were copied out to train a model, and which of them must go again."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import col, func, or_, select

from server.store.tables import LabelExport, LabelRow, Member, Message
from server.store.work import Work


def find_export(work: Work, export_id: UUID) -> LabelExport | None:
    """One file that was made here."""
    return work.session.get(LabelExport, export_id)


def exports(work: Work, limit: int) -> Sequence[LabelExport]:
    """The newest files, newest first."""
    query = select(LabelExport).order_by(col(LabelExport.at).desc()).limit(limit)
    return work.session.exec(query).all()


def rows_of(work: Work, export_id: UUID) -> Sequence[LabelRow]:
    """What stood in a file."""
    query = select(LabelRow).where(LabelRow.export_id == export_id).order_by(col(LabelRow.id))
    return work.session.exec(query).all()


def last_copied(work: Work, member_id: UUID) -> datetime | None:
    """When words of this member were last copied out, as an author or as the one who was answered."""
    mine = or_(LabelRow.author_id == member_id, LabelRow.answered_author_id == member_id)
    query = (
        select(func.max(LabelExport.at))
        .join(LabelRow, col(LabelRow.export_id) == LabelExport.id)
        .where(mine)
    )
    return work.session.exec(query).one()


def taken_back(work: Work, export_id: UUID) -> frozenset[UUID]:
    """Messages of a file, said or answered, that their authors have taken back since."""
    held = select(LabelRow.message_id).where(LabelRow.export_id == export_id)
    answered = select(LabelRow.answered_id).where(LabelRow.export_id == export_id)
    query = select(Message.id).where(
        Message.state == "withdrawn", or_(col(Message.id).in_(held), col(Message.id).in_(answered))
    )
    return frozenset(work.session.exec(query))


def pseudonyms(work: Work) -> Sequence[str]:
    """Everybody's."""
    return work.session.exec(select(Member.pseudonym)).all()
