"""The ledger of consent: what members agreed to, and whether it stands."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import and_, col, func, or_, select

from server.store.tables import Consent, Member
from server.store.work import Work


def of_member(work: Work, member_id: UUID) -> Sequence[Consent]:
    """Everything a member ever agreed to, newest first."""
    query = select(Consent).where(Consent.member_id == member_id)
    return work.session.exec(query.order_by(col(Consent.given_at).desc(), col(Consent.id))).all()


def find_standing(
    work: Work, member_id: UUID, scope: str, room_id: UUID | None = None
) -> Consent | None:
    """The newest agreement of this scope that stands now. room_id: given to that group's clinicians."""
    query = select(Consent).where(
        Consent.member_id == member_id,
        col(Consent.room_id).is_not_distinct_from(room_id),
        stands(scope, work.now),
    )
    return work.session.exec(query.order_by(col(Consent.given_at).desc())).first()


def standing(work: Work, scope: str) -> dict[UUID, str]:
    """Members whose agreement stands, each with its wording. Who cannot log in cannot take it back: left out."""
    query = (
        select(Consent.member_id, Consent.wording)
        .join(Member, col(Member.id) == Consent.member_id)
        .where(stands(scope, work.now), Member.state == "active")
        .order_by(col(Consent.given_at))
    )
    return {member_id: wording for member_id, wording in work.session.exec(query)}  # noqa: C416 - rows are not pairs to mypy


def count_standing(work: Work, scope: str) -> int:
    """How many members that is."""
    query = (
        select(func.count(func.distinct(Consent.member_id)))
        .join(Member, col(Member.id) == Consent.member_id)
        .where(stands(scope, work.now), Member.state == "active")
    )
    return work.session.exec(query).one()


def stands(scope: str, now: datetime) -> ColumnElement[bool]:
    """Of this scope, and standing."""
    return and_(col(Consent.scope) == scope, is_standing(now))


def is_standing(now: datetime) -> ColumnElement[bool]:
    """Given, not withdrawn, not run out."""
    return and_(
        col(Consent.withdrawn_at).is_(None),
        or_(col(Consent.until).is_(None), col(Consent.until) > now),
    )
