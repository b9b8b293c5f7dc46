"""Queries of the wellbeing guard: counts of a shift, and who is free."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, delete, func, or_, select, update

from server.store.tables import (
    Case,
    GuardCase,
    GuardChoice,
    GuardShift,
    Member,
    Membership,
    Shift,
)
from server.store.work import Work


class Ended(NamedTuple):
    """The counts of one shift that is over."""

    member: UUID
    hard: int
    pauses: int
    hand_offs: int


def find_choice(work: Work, member_id: UUID) -> GuardChoice | None:
    """What somebody set for themselves."""
    return work.session.get(GuardChoice, member_id)


def running(work: Work, member_id: UUID) -> GuardShift | None:
    """The counts of the shift that a member is on, as they are now."""
    query = (
        select(GuardShift)
        .join(Shift, col(Shift.id) == GuardShift.shift_id)
        .where(Shift.member_id == member_id, col(Shift.ended_at).is_(None))
    )
    return work.session.exec(query.execution_options(populate_existing=True)).first()


def free(
    work: Work, room_ids: Collection[UUID], seat: str, budget: int
) -> dict[UUID, frozenset[UUID]]:
    """For each room, who has this seat, is on shift, holds no case, is on no pause and is not spared
    themselves. budget: of those who set none."""
    query = (
        select(Membership.room_id, Member.id)
        .join(Member, col(Member.id) == Membership.member_id)
        .join(Shift, and_(col(Shift.member_id) == Member.id, col(Shift.ended_at).is_(None)))
        .join(GuardShift, col(GuardShift.shift_id) == Shift.id)
        .outerjoin(GuardChoice, col(GuardChoice.member_id) == Member.id)
        .where(
            col(Membership.room_id).in_(room_ids),
            col(Membership.left_at).is_(None),
            Membership.seat == seat,
            Member.role == seat,
            Member.state == "active",
            ~_holds(work.now),
            or_(col(GuardShift.paused_until).is_(None), col(GuardShift.paused_until) <= work.now),
            ~_is_spared(budget),
        )
    )
    found: dict[UUID, frozenset[UUID]] = {}
    for room_id, member_id in work.session.exec(query):
        found[room_id] = found.get(room_id, frozenset()) | {member_id}
    return found


def covered(work: Work, room_ids: Collection[UUID], but: UUID) -> set[UUID]:
    """The rooms that somebody else keeps or cares for who is on shift and on no pause."""
    query = (
        select(Membership.room_id)
        .join(GuardShift, col(GuardShift.member_id) == Membership.member_id)
        .join(Shift, col(Shift.id) == GuardShift.shift_id)
        .where(
            col(Membership.room_id).in_(room_ids),
            col(Membership.left_at).is_(None),
            col(Membership.seat).in_(("moderator", "clinician")),
            Membership.member_id != but,
            col(Shift.ended_at).is_(None),
            or_(col(GuardShift.paused_until).is_(None), col(GuardShift.paused_until) <= work.now),
        )
    )
    return set(work.session.exec(query.distinct()))


def paused(work: Work, member_ids: Collection[UUID]) -> set[UUID]:
    """Those of them who are on a short pause right now."""
    query = (
        select(GuardShift.member_id)
        .join(Shift, col(Shift.id) == GuardShift.shift_id)
        .where(
            col(GuardShift.member_id).in_(member_ids),
            col(Shift.ended_at).is_(None),
            col(GuardShift.paused_until) > work.now,
        )
    )
    return set(work.session.exec(query))


def paused_names(work: Work, room_ids: Collection[UUID]) -> set[str]:
    """The pseudonyms of staff of these rooms who are on a short pause."""
    query = (
        select(Member.pseudonym)
        .join(GuardShift, col(GuardShift.member_id) == Member.id)
        .join(Shift, col(Shift.id) == GuardShift.shift_id)
        .join(Membership, col(Membership.member_id) == Member.id)
        .where(
            col(Shift.ended_at).is_(None),
            col(GuardShift.paused_until) > work.now,
            col(Membership.room_id).in_(room_ids),
            col(Membership.left_at).is_(None),
            col(Membership.seat).in_(("moderator", "clinician")),
        )
    )
    return set(work.session.exec(query))


def open_once(work: Work, shift_id: UUID, case_id: UUID) -> bool:
    """Remember that a case was opened in a shift. False when it was before."""
    if work.session.get(GuardCase, (shift_id, case_id)):
        return False
    work.session.flush()
    try:
        with work.session.begin_nested():
            work.session.add(GuardCase(shift_id=shift_id, case_id=case_id))
    except IntegrityError:  # opened on two pages at once
        return False
    return True


def count(work: Work, shift_id: UUID, **changed: Any) -> None:
    """Set columns of a shift's counts; an expression adds."""
    query = update(GuardShift).where(col(GuardShift.shift_id) == shift_id).values(**changed)
    work.session.exec(query.execution_options(synchronize_session=False))


def give_back(work: Work, shift_id: UUID, case_id: UUID) -> None:
    """Remember that somebody gave this case back in this shift."""
    open_once(work, shift_id, case_id)
    query = (
        update(GuardCase)
        .where(col(GuardCase.shift_id) == shift_id, col(GuardCase.case_id) == case_id)
        .values(given_back_at=work.now)
    )
    work.session.exec(query.execution_options(synchronize_session=False))


def given_back(work: Work, shift_id: UUID) -> Sequence[tuple[Case, datetime]]:
    """What somebody gave back in this shift and is still living, and when."""
    query = (
        select(Case, GuardCase.given_back_at)
        .join(Case, col(Case.id) == GuardCase.case_id)
        .where(
            GuardCase.shift_id == shift_id,
            col(GuardCase.given_back_at).is_not(None),
            col(Case.open_key).is_not(None),
        )
    )
    return work.session.exec(query).all()  # type: ignore[return-value]


def gave_it_back(work: Work, case_id: UUID) -> set[UUID]:
    """Who gave this case back in a shift that still runs."""
    query = (
        select(GuardShift.member_id)
        .join(GuardCase, col(GuardCase.shift_id) == GuardShift.shift_id)
        .where(GuardCase.case_id == case_id, col(GuardCase.given_back_at).is_not(None))
    )
    return set(work.session.exec(query))


def forget(work: Work, shift_id: UUID) -> None:
    """The shift is over: its counts stay, its cases do not."""
    work.session.exec(delete(GuardCase).where(col(GuardCase.shift_id) == shift_id))
    count(work, shift_id, offer=False, paused_until=None, last_was_hard=False)


def ended(work: Work, start: datetime, end: datetime) -> list[Ended]:
    """The counts of the shifts that ended from `start` up to, not with, `end`."""
    query = (
        select(GuardShift.member_id, GuardShift.hard, GuardShift.pauses, GuardShift.hand_offs)
        .join(Shift, col(Shift.id) == GuardShift.shift_id)
        .where(col(Shift.ended_at) >= start, col(Shift.ended_at) < end)
    )
    return [Ended(*row) for row in work.session.exec(query)]


def _holds(now: datetime) -> ColumnElement[bool]:
    return exists().where(
        col(Case.claimed_by) == Member.id,
        col(Case.claimed_until) > now,
        col(Case.open_key).is_not(None),
    )


def _is_spared(budget: int) -> ColumnElement[bool]:
    is_on = func.coalesce(col(GuardChoice.is_on), True)
    own = func.coalesce(col(GuardChoice.budget), budget)
    return and_(is_on, or_(col(GuardShift.hard) >= own, col(GuardShift.last_was_hard)))
