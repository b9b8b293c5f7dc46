"""What is asked when a socket opens, when it joins a room and while it is open: one query each."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, func, true
from sqlalchemy.orm import aliased
from sqlmodel import col, exists, select

from server.store.prepared import Prepared
from server.store.tables import Member, Membership, Place, RoomHead, Session, Shift
from server.store.tables.base import Utc
from server.store.work import Work


class Entering(NamedTuple):
    """A session, whose it is, and the place's epoch: another one after the database was restored."""

    session: UUID
    member: UUID
    name: str
    role: str
    state: str
    last_seen_at: datetime
    epoch: str
    kind: str
    staff_since: datetime
    """Or when they joined."""
    token: str | None
    scopes: str | None


class Open(NamedTuple):
    """A session that stands, and what its member is now. staff_since: or when they joined."""

    session: UUID
    member: UUID
    role: str
    staff_since: datetime


class Standing(NamedTuple):
    """A member's seat in a room, and the room as it is now."""

    seat: str
    seq: int
    members: int
    epoch: str
    moderator_on: bool


_STAFF_SINCE: Any = func.coalesce(Member.staff_since, Member.joined_at, type_=Utc())
_STANDS: Any = (
    col(Session.ended_at).is_(None),
    col(Session.expires_at) > bindparam("now"),
    col(Session.last_seen_at) > bindparam("used_since"),
)
_DIGEST: Any = bindparam("digest")
_ROOM: Any = bindparam("room")
_MEMBER: Any = bindparam("member")

_SESSION = Prepared(
    select(  # type: ignore[call-overload] # more columns than sqlmodel has overloads for
        Session.id,
        Session.member_id,
        Member.pseudonym,
        Member.role,
        Member.state,
        Session.last_seen_at,
        Place.epoch,
        Session.kind,
        _STAFF_SINCE,
        Session.name,
        Session.scopes,
    )
    .select_from(Session)
    .join(Place, true())
    .join(Member, col(Member.id) == Session.member_id)
    .where(Session.token_digest == _DIGEST, *_STANDS)
)
_SEATS = Prepared(
    select(Membership.room_id, Membership.seat).where(
        Membership.member_id == _MEMBER, col(Membership.left_at).is_(None)
    )
)
_KEEPER = aliased(Membership)
_KEEPER_ON = (
    exists()
    .where(col(_KEEPER.room_id) == _ROOM, col(_KEEPER.left_at).is_(None))
    .where((col(_KEEPER.seat) == "moderator") | (col(_KEEPER.seat) == "clinician"))
    .where(col(Shift.member_id) == col(_KEEPER.member_id), col(Shift.ended_at).is_(None))
)
_STANDING = Prepared(
    select(Membership.seat, RoomHead.seq, RoomHead.members, Place.epoch, _KEEPER_ON)  # type: ignore[call-overload]
    .select_from(Membership)
    .join(RoomHead, col(RoomHead.room_id) == Membership.room_id)
    .join(Place, true())
    .where(
        Membership.room_id == _ROOM,
        Membership.member_id == _MEMBER,
        col(Membership.left_at).is_(None),
    )
)


_NAME = Prepared(
    select(Member.pseudonym)
    .join(Membership, col(Membership.member_id) == Member.id)
    .where(
        Membership.room_id == _ROOM,
        Membership.member_id == _MEMBER,
        col(Membership.left_at).is_(None),
    )
)


def find_session(work: Work, token_digest: bytes, used_since: datetime) -> Entering | None:
    """A session that was not ended, has not run out and was used since then; and whose it is."""
    found = _SESSION.first(
        work.connection, digest=token_digest, now=work.now, used_since=used_since
    )
    return Entering(*found) if found else None


def still_open(work: Work, session_ids: Collection[UUID], used_since: datetime) -> list[Open]:
    """Those of these sessions for which the same is true, and whose members were not removed."""
    query = (
        select(Session.id, Session.member_id, Member.role, _STAFF_SINCE)
        .join(Member, col(Member.id) == Session.member_id)
        .where(col(Session.id).in_(session_ids), Member.state != "removed", *_STANDS)
    )
    values = {"now": work.now, "used_since": used_since}
    return [Open(*row) for row in work.connection.execute(query, values)]


def seats(work: Work, member_id: UUID) -> dict[UUID, str]:
    """All rooms a member sits in, and as what."""
    return dict(_SEATS.rows(work.connection, member=member_id))


def find_standing(work: Work, room_id: UUID, member_id: UUID) -> Standing | None:
    """None without a seat."""
    found = _STANDING.first(work.connection, room=room_id, member=member_id)
    return Standing(*found) if found else None


def name_in(work: Work, room_id: UUID, member_id: UUID) -> str | None:
    """A member's name, while they sit there."""
    found = _NAME.first(work.connection, room=room_id, member=member_id)
    return str(found[0]) if found else None
