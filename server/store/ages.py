"""Queries about age groups: who says what of themselves, and seats that do not fit."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from server.store.tables import AgeChange, Member, Membership, Room
from server.store.work import Work


def group_of(work: Work, member_id: UUID) -> str | None:
    """What they say; it does not change before the commit, where the engine locks rows."""
    query = select(Member.age_group).where(Member.id == member_id).with_for_update(read=True)
    return work.session.exec(query).one()


def room_is_for(work: Work, room_id: UUID) -> str:
    """As it is now, whatever this unit of work has read before."""
    return work.session.exec(select(Room.age_group).where(Room.id == room_id)).one()


def seats_in(work: Work, room_id: UUID) -> Sequence[tuple[Membership, str | None]]:
    """Who sits in a room, and what they say of their age."""
    query = (
        select(Membership, Member.age_group)
        .join(Member, col(Member.id) == Membership.member_id)
        .where(Membership.room_id == room_id, col(Membership.left_at).is_(None))
    )
    return work.session.exec(query).all()


def seats_of(work: Work, member_id: UUID) -> Sequence[tuple[Membership, str]]:
    """Where a member sits, and whom those rooms are for."""
    query = (
        select(Membership, Room.age_group)
        .join(Room, col(Room.id) == Membership.room_id)
        .where(Membership.member_id == member_id, col(Membership.left_at).is_(None))
    )
    return work.session.exec(query).all()


def waiting_of(work: Work, member_id: UUID) -> AgeChange | None:
    """What a member has asked for, and nobody has answered."""
    query = select(AgeChange).where(
        AgeChange.member_id == member_id, col(AgeChange.answered_at).is_(None)
    )
    return work.session.exec(query).first()


def waiting(work: Work, kept_by: UUID | None) -> Sequence[tuple[AgeChange, str]]:
    """What waits, and the pseudonym of who asked; the longest first.

    kept_by: only of members who sit in a room that this moderator keeps; None: of all.
    """
    query = (
        select(AgeChange, Member.pseudonym)
        .join(Member, col(Member.id) == AgeChange.member_id)
        .where(col(AgeChange.answered_at).is_(None), Member.state == "active")
        .order_by(col(AgeChange.at), col(AgeChange.id))
    )
    if kept_by is not None:
        query = query.where(
            col(AgeChange.member_id).in_(_members_kept_by(kept_by)), AgeChange.member_id != kept_by
        )
    return work.session.exec(query).all()


def is_kept_by(work: Work, member_id: UUID, keeper_id: UUID) -> bool:
    """Whether somebody keeps a room where the member sits."""
    query = select(Member.id).where(
        Member.id == member_id, col(Member.id).in_(_members_kept_by(keeper_id))
    )
    return work.session.exec(query).first() is not None


def lock_change(work: Work, change_id: UUID) -> AgeChange | None:
    """One that was asked for, locked where the engine locks rows."""
    query = select(AgeChange).where(AgeChange.id == change_id).with_for_update()
    return work.session.exec(query.execution_options(populate_existing=True)).first()


def _members_kept_by(keeper_id: UUID) -> Any:
    kept = select(Membership.room_id).where(
        Membership.member_id == keeper_id,
        Membership.seat == "moderator",
        col(Membership.left_at).is_(None),
    )
    return (
        select(Membership.member_id)
        .join(Room, col(Room.id) == Membership.room_id)
        .where(
            Room.kind == "room",
            col(Membership.room_id).in_(kept),
            col(Membership.left_at).is_(None),
        )
    )
