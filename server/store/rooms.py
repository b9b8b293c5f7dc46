"""Queries about rooms, seats, and what changed in them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import col, select, update

from server.store.tables import Member, Membership, Room, RoomEvent, RoomHead, Shift
from server.store.work import Work


def find_room(work: Work, room_id: UUID) -> Room | None:
    """A room, whoever asks: access is the caller's duty."""
    return work.session.get(Room, room_id)


def find_seat(work: Work, room_id: UUID, member_id: UUID) -> Membership | None:
    """The member's seat, unless they left."""
    query = select(Membership).where(
        Membership.room_id == room_id,
        Membership.member_id == member_id,
        col(Membership.left_at).is_(None),
    )
    return work.session.exec(query).first()


def find_any_seat(work: Work, room_id: UUID, member_id: UUID) -> Membership | None:
    """The member's seat, also one they left."""
    query = select(Membership).where(
        Membership.room_id == room_id, Membership.member_id == member_id
    )
    return work.session.exec(query).first()


def seats_of(work: Work, member_id: UUID) -> dict[UUID, Membership]:
    """All rooms the member sits in."""
    query = select(Membership).where(
        Membership.member_id == member_id, col(Membership.left_at).is_(None)
    )
    return {seat.room_id: seat for seat in work.session.exec(query)}


def keepers_of(work: Work, room_id: UUID) -> Sequence[tuple[Membership, Member]]:
    """Those who sit there as host, moderator or clinician."""
    query = (
        select(Membership, Member)
        .join(Member, col(Member.id) == Membership.member_id)
        .where(
            Membership.room_id == room_id,
            col(Membership.left_at).is_(None),
            Membership.seat != "member",
        )
        .order_by(Member.pseudonym)
    )
    return work.session.exec(query).all()


def public_rooms(work: Work) -> Sequence[tuple[Room, RoomHead]]:
    """Every room that is not a private conversation, by name."""
    query = select(Room, RoomHead).join(RoomHead).where(Room.kind == "room").order_by(Room.name)
    return work.session.exec(query).all()


def find_public(work: Work, room_id: UUID) -> Room | None:
    """A room that is no private conversation."""
    room = find_room(work, room_id)
    return room if room and room.kind == "room" else None


def find_open_to(work: Work, room_id: UUID, member_id: UUID) -> Room | None:
    """A room that is for this member's age group, or where they sit."""
    query = select(Room).where(Room.id == room_id, _is_open_to(member_id))
    return work.session.exec(query).first()


def rooms_open_to(work: Work, member_id: UUID) -> Sequence[tuple[Room, RoomHead]]:
    """Rooms that are for this member's age group, and those where they sit, by name."""
    query = (
        select(Room, RoomHead)
        .join(RoomHead)
        .where(Room.kind == "room", _is_open_to(member_id))
        .order_by(Room.name)
    )
    return work.session.exec(query).all()


def _is_open_to(member_id: UUID) -> ColumnElement[bool]:
    """Who has not said their group is in none: nothing equals NULL."""
    group = select(Member.age_group).where(Member.id == member_id).scalar_subquery()
    seats = select(Membership.room_id).where(
        Membership.member_id == member_id, col(Membership.left_at).is_(None)
    )
    is_for = (col(Room.age_group) == "everybody") | (col(Room.age_group) == group)
    return ((col(Room.kind) == "room") & is_for) | col(Room.id).in_(seats)


def lock_head(work: Work, room_id: UUID) -> None:
    """Nobody takes or ends a seat there, or says anything, until the commit."""
    work.session.exec(select(RoomHead).where(RoomHead.room_id == room_id).with_for_update()).one()


def conversations_of(work: Work, member_id: UUID) -> Sequence[tuple[Room, RoomHead]]:
    """The private conversations a member sits in, newest first."""
    query = (
        select(Room, RoomHead)
        .join(RoomHead)
        .join(Membership, col(Membership.room_id) == Room.id)
        .where(
            Room.kind == "conversation",
            Membership.member_id == member_id,
            col(Membership.left_at).is_(None),
        )
        .order_by(col(Room.created_at).desc())
    )
    return work.session.exec(query).all()


def get_head(work: Work, room_id: UUID) -> RoomHead:
    """The room's counter as it stands."""
    query = (
        select(RoomHead)
        .where(RoomHead.room_id == room_id)
        .execution_options(populate_existing=True)
    )
    return work.session.exec(query).one()


def next_seq(
    work: Work, room_id: UUID, kind: str, message_id: UUID | None = None, *, members: int = 0
) -> int:
    """Take the room's next `seq` for a change. The head row stays locked until the commit: order is commit order.

    members: by how much the number of seats changes.
    """
    bump = (
        update(RoomHead)
        .where(col(RoomHead.room_id) == room_id)
        .values(seq=RoomHead.seq + 1, members=RoomHead.members + members)
        .returning(col(RoomHead.seq))
    )
    seq = int(work.session.exec(bump).scalar_one())
    work.session.add(
        RoomEvent(room_id=room_id, seq=seq, kind=kind, message_id=message_id, at=work.now)
    )
    return seq


def heads(work: Work, room_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Where each of these rooms stands."""
    query = select(RoomHead.room_id, RoomHead.seq).where(col(RoomHead.room_id).in_(room_ids))
    return {room_id: seq for room_id, seq in work.connection.execute(query)}  # noqa: C416 - rows are not pairs to mypy


def mark_read(work: Work, room_id: UUID, member_id: UUID, seq: int) -> None:
    """Remember how far a member has read; never backwards."""
    change = (
        update(Membership)
        .where(
            col(Membership.room_id) == room_id,
            col(Membership.member_id) == member_id,
            col(Membership.read_seq) < seq,
        )
        .values(read_seq=seq)
    )
    work.session.exec(change)


def on_shift(work: Work, room_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    """For each room, the pseudonyms of keepers who are on shift now."""
    from_shift = (
        select(Membership.room_id, Member.pseudonym)
        .join(Member, col(Member.id) == Membership.member_id)
        .where(
            col(Membership.room_id).in_(room_ids),
            col(Membership.left_at).is_(None),
            col(Membership.seat).in_(("moderator", "clinician")),
            col(Member.id).in_(_members_on_shift()),
        )
    )
    names: dict[UUID, list[str]] = {}
    for room_id, name in work.session.exec(from_shift):
        names.setdefault(room_id, []).append(name)
    return names


def _members_on_shift() -> Any:
    return select(Shift.member_id).where(col(Shift.ended_at).is_(None))


def find_by_slug(work: Work, slug: str) -> Room | None:
    """The room of that slug."""
    return work.session.exec(select(Room).where(Room.slug == slug)).first()
