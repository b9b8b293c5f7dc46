"""Queries for whoever runs the place: members by name, their seats, invitations, what waits."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists
from sqlmodel import col, func, or_, select

from server.store.erasing import LEFT_NAME
from server.store.tables import (
    Case,
    Invitation,
    Member,
    Membership,
    Room,
)
from server.store.work import Work


def find_members(
    work: Work, name_part: str | None, state: str | None, after: str | None, limit: int
) -> Sequence[Member]:
    """Members by folded name, from after one; not those who left for good."""
    query = select(Member).where(col(Member.is_bot).is_(False), Member.pseudonym != LEFT_NAME)
    if name_part:
        query = query.where(col(Member.name_key).contains(name_part, autoescape=True))
    if state:
        query = query.where(Member.state == state)
    if after is not None:
        query = query.where(col(Member.name_key) > after)
    return work.session.exec(query.order_by(Member.name_key).limit(limit)).all()


def lock_member(work: Work, member_id: UUID) -> Member | None:
    """A member as they are now, locked until the commit where the engine locks rows."""
    query = select(Member).where(Member.id == member_id).with_for_update()
    return work.session.exec(query.execution_options(populate_existing=True)).first()


def keeper_seats(work: Work, member_ids: Collection[UUID]) -> Sequence[tuple[UUID, str, str]]:
    """Member, room name and seat of everyone who keeps a room; private rooms are nobody's to know."""
    query = (
        select(Membership.member_id, Room.name, Membership.seat)
        .join(Room, col(Room.id) == Membership.room_id)
        .where(
            col(Membership.member_id).in_(member_ids),
            col(Membership.left_at).is_(None),
            Membership.seat != "member",
            Room.kind == "room",
        )
        .order_by(Room.name)
    )
    return work.session.exec(query).all()


def all_seats(work: Work, member_id: UUID) -> Sequence[tuple[Membership, str]]:
    """Every seat a member holds, and the kind of its room."""
    query = (
        select(Membership, Room.kind)
        .join(Room, col(Room.id) == Membership.room_id)
        .where(Membership.member_id == member_id, col(Membership.left_at).is_(None))
    )
    return work.session.exec(query).all()


def seats_ended_at(work: Work, member_id: UUID, at: datetime) -> Sequence[Membership]:
    """The seats of a member that ended at this moment, and that no moderator ended."""
    query = select(Membership).where(
        Membership.member_id == member_id,
        Membership.left_at == at,
        col(Membership.removed_at).is_(None),
    )
    return work.session.exec(query).all()


def rooms_with_one_judge(work: Work) -> Sequence[str]:
    """Names of open rooms where one person decides, and nobody else could judge an appeal."""
    judge = (
        select(Membership.room_id, func.count().label("judges"))
        .join(Member, col(Member.id) == Membership.member_id)
        .where(
            col(Membership.left_at).is_(None),
            col(Membership.seat).in_(("moderator", "clinician")),
            Member.role == Membership.seat,
            Member.state == "active",
        )
        .group_by(col(Membership.room_id))
        .subquery()
    )
    query = (
        select(Room.name)
        .join(judge, judge.c.room_id == Room.id)
        .where(Room.kind == "room", Room.state == "open", judge.c.judges == 1)
    )
    return work.session.exec(query.order_by(Room.name)).all()


def a_room_of(work: Work, member_id: UUID) -> UUID | None:
    """Some open room that a member sits in or sat in, else the oldest there is."""
    sat = exists().where(col(Membership.room_id) == Room.id, col(Membership.member_id) == member_id)
    query = select(Room.id).where(Room.kind == "room").order_by(~sat, col(Room.created_at))
    return work.session.exec(query.limit(1)).first()


def conversations_from(work: Work, room_id: UUID, member_id: UUID) -> Sequence[Membership]:
    """Staff seats of a member in private conversations that belong to cases of this room."""
    belonging = select(Case.conversation_id).where(
        Case.room_id == room_id, col(Case.conversation_id).is_not(None)
    )
    query = select(Membership).where(
        Membership.member_id == member_id,
        col(Membership.left_at).is_(None),
        Membership.seat != "member",
        col(Membership.room_id).in_(belonging),
    )
    return work.session.exec(query).all()


def lock_stewards(work: Work) -> Sequence[Member]:
    """All who run this place, locked: two of them may not go at the same moment."""
    query = select(Member).where(Member.role == "steward", Member.state == "active")
    return work.session.exec(query.order_by(col(Member.id)).with_for_update()).all()


def stewards(work: Work) -> Sequence[Member]:
    """The same, to be told something."""
    query = select(Member).where(Member.role == "steward", Member.state == "active")
    return work.session.exec(query.order_by(col(Member.id))).all()


def invitations(work: Work, limit: int) -> Sequence[Invitation]:
    """Those that still open a door, or once did; newest first."""
    query = select(Invitation).where(
        or_(col(Invitation.redeemed_at).is_not(None), col(Invitation.expires_at) > work.now)
    )
    return work.session.exec(query.order_by(col(Invitation.created_at).desc()).limit(limit)).all()


def find_invitation(work: Work, invitation_id: UUID) -> Invitation | None:
    """One invitation, locked: it may be redeemed at this moment."""
    query = select(Invitation).where(Invitation.id == invitation_id).with_for_update()
    return work.session.exec(query.execution_options(populate_existing=True)).first()
