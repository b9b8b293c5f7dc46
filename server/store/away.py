"""Queries about members who are away: their choices, how far each browser was told, and what is due."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import col, delete, func, select

from server.store.tables import (
    AwayState,
    Member,
    Membership,
    Message,
    Notice,
    PushDevice,
    PushNews,
    PushWish,
    QuietPerson,
    Room,
    RoomHead,
)
from server.store.work import Work

PEOPLE = ("moderator", "clinician", "steward")
"""Who decides and writes to a member, other than the machine."""


def find_state(work: Work) -> AwayState:
    """The one row, or what it is before there is one."""
    return work.session.exec(select(AwayState)).first() or AwayState()


def calls_members(work: Work) -> bool:
    """Whether a steward turned it on."""
    return bool(work.session.exec(select(AwayState.members_called)).first())


def forget_news(work: Work, device_id: UUID | None = None) -> None:
    """Nothing is to be told any more: to one browser, or to all."""
    query = delete(PushNews)
    if device_id is not None:
        query = query.where(col(PushNews.device_id) == device_id)
    work.session.exec(query)


# --- choices ---


def rooms_of(work: Work, member_id: UUID) -> Sequence[Room]:
    """The rooms and conversations a member sits in, by name."""
    query = (
        select(Room)
        .join(Membership, col(Membership.room_id) == Room.id)
        .where(Membership.member_id == member_id, col(Membership.left_at).is_(None))
    )
    return work.session.exec(query.order_by(Room.name, col(Room.id))).all()


def wishes_of(work: Work, member_id: UUID) -> dict[UUID, str]:
    """What a member chose, by room."""
    query = select(PushWish.room_id, PushWish.wish).where(PushWish.member_id == member_id)
    return dict(work.session.exec(query).all())


def wish(work: Work, member_id: UUID, room_id: UUID, choice: str) -> None:
    """Remember a choice."""
    query = select(PushWish).where(PushWish.member_id == member_id, PushWish.room_id == room_id)
    row = work.session.exec(query).first() or PushWish(
        member_id=member_id, room_id=room_id, wish=choice
    )
    row.wish = choice
    work.session.add(row)


# --- what is new ---


def seats_never_looked_at(
    work: Work, limit: int
) -> Sequence[tuple[PushDevice, Membership, Room, RoomHead]]:
    """Browsers and seats of their owners that have no row yet."""
    query = (
        select(PushDevice, Membership, Room, RoomHead)
        .join(Membership, col(Membership.member_id) == PushDevice.member_id)
        .join(Room, col(Room.id) == Membership.room_id)
        .join(RoomHead, col(RoomHead.room_id) == Membership.room_id)
        .outerjoin(
            PushNews,
            (col(PushNews.device_id) == PushDevice.id)
            & (col(PushNews.room_id) == Membership.room_id),
        )
        .where(col(Membership.left_at).is_(None), col(PushNews.id).is_(None))
        .order_by(col(PushDevice.id), col(Room.id))
        .limit(limit)
    )
    return work.session.exec(query).all()


def devices_never_looked_at(work: Work, limit: int) -> Sequence[PushDevice]:
    """Browsers whose owner's notices were never looked through."""
    query = (
        select(PushDevice)
        .outerjoin(
            PushNews,
            (col(PushNews.device_id) == PushDevice.id) & col(PushNews.room_id).is_(None),
        )
        .where(col(PushNews.id).is_(None))
        .order_by(col(PushDevice.id))
        .limit(limit)
    )
    return work.session.exec(query).all()


def rooms_with_more(
    work: Work, limit: int
) -> Sequence[tuple[PushNews, PushDevice, Membership, RoomHead]]:
    """Where more happened than was looked through."""
    query = (
        select(PushNews, PushDevice, Membership, RoomHead)
        .join(PushDevice, col(PushDevice.id) == PushNews.device_id)
        .join(RoomHead, col(RoomHead.room_id) == PushNews.room_id)
        .join(
            Membership,
            (col(Membership.room_id) == PushNews.room_id)
            & (col(Membership.member_id) == PushDevice.member_id),
        )
        .where(RoomHead.seq > PushNews.looked_seq, col(Membership.left_at).is_(None))
        .order_by(col(PushNews.id))
        .limit(limit)
    )
    return work.session.exec(query).all()


def newest_messages(work: Work, room_id: UUID, after: int, limit: int) -> Sequence[Message]:
    """Published ones with a greater `seq`, newest first."""
    query = (
        select(Message)
        .where(Message.room_id == room_id, col(Message.seq) > after, Message.state == "published")
        .order_by(col(Message.seq).desc())
        .limit(limit)
    )
    return work.session.exec(query).all()


def authors_of(work: Work, message_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Who wrote these messages."""
    query = select(Message.id, Message.author_id).where(col(Message.id).in_(message_ids))
    return dict(work.session.exec(query).all())


def unheard_by(work: Work, member_id: UUID) -> set[UUID]:
    """Whom a member does not want to hear."""
    query = select(QuietPerson.person_id).where(QuietPerson.member_id == member_id)
    return set(work.session.exec(query).all())


def keepers(work: Work, room_id: UUID) -> set[UUID]:
    """Who keeps the room: they are always heard in it."""
    query = select(Membership.member_id).where(
        Membership.room_id == room_id,
        Membership.seat != "member",
        col(Membership.left_at).is_(None),
    )
    return set(work.session.exec(query).all())


def notices_with_more(work: Work, limit: int) -> Sequence[tuple[PushNews, PushDevice, datetime]]:
    """Where a person told a member something that they have not read, and when last."""
    query = (
        select(PushNews, PushDevice, func.max(Notice.at))
        .join(PushDevice, col(PushDevice.id) == PushNews.device_id)
        .join(Notice, col(Notice.member_id) == PushDevice.member_id)
        .where(
            col(PushNews.room_id).is_(None),
            col(Notice.at) > PushNews.looked_at,
            col(Notice.read_at).is_(None),
            col(Notice.by_role).in_(PEOPLE),
        )
        .group_by(col(PushNews.id), col(PushDevice.id))
        .limit(limit)
    )
    return work.session.exec(query).all()


def has_unread_notice(work: Work, member_id: UUID) -> bool:
    """Whether a person told them something that they have not read."""
    query = select(Notice.id).where(
        Notice.member_id == member_id,
        col(Notice.read_at).is_(None),
        col(Notice.by_role).in_(PEOPLE),
    )
    return work.session.exec(query.limit(1)).first() is not None


# --- what is due ---


def due(work: Work, limit: int) -> Sequence[tuple[PushNews, PushDevice, Member, Membership | None]]:
    """What is to be told now, oldest first. No seat: it was left, or it is about notices."""
    query = (
        select(PushNews, PushDevice, Member, Membership)
        .join(PushDevice, col(PushDevice.id) == PushNews.device_id)
        .join(Member, col(Member.id) == PushDevice.member_id)
        .outerjoin(
            Membership,
            (col(Membership.room_id) == PushNews.room_id)
            & (col(Membership.member_id) == PushDevice.member_id)
            & col(Membership.left_at).is_(None),
        )
        .where(col(PushNews.due_at) <= work.now)
        .order_by(col(PushNews.due_at), col(PushNews.id))
        .limit(limit)
    )
    return work.session.exec(query).all()


def find_news(work: Work, news_id: UUID) -> PushNews | None:
    """One row."""
    return work.session.get(PushNews, news_id)


def find_device(work: Work, news: PushNews) -> PushDevice | None:
    """The browser it is for."""
    return work.session.get(PushDevice, news.device_id)


def is_anything_new(work: Work) -> bool:
    """Whether looking through is worth a write."""
    return bool(
        seats_never_looked_at(work, 1)
        or devices_never_looked_at(work, 1)
        or rooms_with_more(work, 1)
        or notices_with_more(work, 1)
    )


def is_shown(work: Work, room_id: UUID, seq: int) -> bool:
    """Whether the message with this `seq` can be read in its room."""
    query = select(Message.id).where(
        Message.room_id == room_id, Message.seq == seq, Message.state == "published"
    )
    return work.session.exec(query).first() is not None
