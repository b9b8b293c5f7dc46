"""Queries about what happens by itself, and whom it calls."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists
from sqlmodel import col, select

from server.store.tables import Case, Member, Membership, Room, Session, Shift, Timer
from server.store.work import Work

RUNG, ESCALATED, LOOK_AGAIN, LAPSE = "rung", "escalated", "look_again", "lapse"
CALLS = (RUNG, ESCALATED)
"""Those that call people."""
WAITS, DONE = "waits", "done"


class Call(NamedTuple):
    """One run of the steward's command that is still to be made."""

    timer: UUID
    case: UUID
    room: UUID
    urgency: str
    step: int


def of_case(work: Work, case_id: UUID, kind: str) -> Sequence[Timer]:
    """All of one kind, in order."""
    query = select(Timer).where(Timer.case_id == case_id, Timer.kind == kind)
    return work.session.exec(query.order_by(col(Timer.step))).all()


def find_due(work: Work, limit: int, claim_holds: timedelta) -> Sequence[UUID]:
    """What is due and not done, the longest due first. claim_holds: see `_is_held_up`."""
    query = (
        select(Timer.id)
        .join(Case, col(Case.id) == Timer.case_id)
        .where(*_due(work.now), ~_is_held_up(work.now, claim_holds))
        .order_by(col(Timer.due_at), col(Timer.step), col(Timer.id))
        .limit(limit)
    )
    return work.session.exec(query).all()


def take(work: Work, timer_id: UUID, claim_holds: timedelta) -> tuple[Timer, Case] | None:
    """One that is still due, with its case, both locked where the engine locks rows: the case first,
    as a decision locks it. None when another was faster, or somebody has claimed the case."""
    case_id = work.session.exec(select(Timer.case_id).where(Timer.id == timer_id)).one()
    query = select(Case).where(Case.id == case_id).with_for_update()
    case = work.session.exec(query.execution_options(populate_existing=True)).one()
    due = (
        select(Timer)
        .join(Case, col(Case.id) == Timer.case_id)
        .where(Timer.id == timer_id, *_due(work.now), ~_is_held_up(work.now, claim_holds))
        .with_for_update(of=Timer)
        .execution_options(populate_existing=True)
    )
    timer = work.session.exec(due).first()
    return (timer, case) if timer else None


def unplanned(work: Work, urgencies: Collection[str]) -> Sequence[Case]:
    """Living cases of these urgencies that no rung was ever planned for."""
    planned = exists().where(col(Timer.case_id) == Case.id, col(Timer.kind) == RUNG)
    query = select(Case).where(
        col(Case.open_key).is_not(None), col(Case.urgency).in_(urgencies), ~planned
    )
    return work.session.exec(query.with_for_update()).all()


def calls_to_make(work: Work, limit: int) -> list[Call]:
    """Runs of the steward's command that nobody has made yet, oldest first."""
    query = (
        select(Timer.id, Case.id, Case.room_id, Case.urgency, Timer.step)  # type: ignore[call-overload]
        .join(Case, col(Case.id) == Timer.case_id)
        .where(Timer.command == WAITS)
        .order_by(col(Timer.due_at), col(Timer.id))
        .limit(limit)
    )
    return [Call(*row) for row in work.session.exec(query)]


def get(work: Work, timer_id: UUID) -> Timer:
    """One of them."""
    return work.session.exec(select(Timer).where(Timer.id == timer_id)).one()


def newest_call(work: Work) -> Timer | None:
    """The newest run of the steward's command that was made."""
    query = select(Timer).where(col(Timer.called_at).is_not(None))
    return work.session.exec(query.order_by(col(Timer.called_at).desc()).limit(1)).first()


def staff_of(work: Work, room_id: UUID) -> Sequence[tuple[Member, str, bool]]:
    """Active members who keep or care for a room: who, their seat, and whether they are on shift."""
    on = exists().where(col(Shift.member_id) == Member.id, col(Shift.ended_at).is_(None))
    query = (
        select(Member, Membership.seat, on)
        .join(Membership, col(Membership.member_id) == Member.id)
        .where(
            Membership.room_id == room_id,
            col(Membership.left_at).is_(None),
            col(Membership.seat).in_(("moderator", "clinician")),
            Member.role == Membership.seat,
            Member.state == "active",
        )
        .order_by(col(Member.id))
    )
    return work.session.exec(query).all()


def staff_outside(work: Work, room_id: UUID) -> Sequence[tuple[Member, bool]]:
    """Active moderators who do not keep a room, and stewards: who, and whether they are on shift."""
    on = exists().where(col(Shift.member_id) == Member.id, col(Shift.ended_at).is_(None))
    keeps = exists().where(
        col(Membership.member_id) == Member.id,
        col(Membership.room_id) == room_id,
        col(Membership.left_at).is_(None),
        col(Membership.seat) == "moderator",
    )
    query = select(Member, on).where(
        col(Member.role).in_(("moderator", "steward")), Member.state == "active", ~keeps
    )
    return work.session.exec(query.order_by(col(Member.id))).all()


def rooms_kept_by(work: Work, member_ids: Collection[UUID]) -> set[UUID]:
    """The open rooms that at least one of these keeps or cares for."""
    query = (
        select(Membership.room_id)
        .join(Room, col(Room.id) == Membership.room_id)
        .where(
            col(Membership.member_id).in_(member_ids),
            col(Membership.left_at).is_(None),
            col(Membership.seat).in_(("moderator", "clinician")),
            Room.kind == "room",
        )
    )
    return set(work.session.exec(query.distinct()).all())


def forsaken_shifts(work: Work) -> Sequence[Shift]:
    """Running shifts of members who are logged in nowhere any more."""
    here = exists().where(
        col(Session.member_id) == Shift.member_id,
        col(Session.ended_at).is_(None),
        col(Session.expires_at) > work.now,
    )
    return work.session.exec(select(Shift).where(col(Shift.ended_at).is_(None), ~here)).all()


def _due(now: datetime) -> list[ColumnElement[bool]]:
    return [col(Timer.done_at).is_(None), col(Timer.due_at) <= now]


def _is_held_up(now: datetime, claim_holds: timedelta) -> ColumnElement[bool]:
    """A claim holds a rung up while it runs, but no longer than this after the rung was due: who
    renews a claim and does nothing does not keep the others from being called."""
    claimed = and_(col(Case.claimed_by).is_not(None), col(Case.claimed_until) > now)
    return and_(
        col(Timer.kind).in_(CALLS),
        claimed,
        col(Timer.due_at) > now - claim_holds,
    )
