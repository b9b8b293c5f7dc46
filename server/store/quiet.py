"""Queries about whom and what members do not want to hear."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam
from sqlalchemy.orm import aliased
from sqlmodel import col, delete, func, literal, select

from server.store.prepared import Prepared
from server.store.sealing import Spot
from server.store.tables import Case, CaseFlag, Member, Membership, QuietPerson, QuietTopic, Room
from server.store.work import Work

_BY: Any = bindparam("by")
_WHOM: Any = bindparam("whom")
_BLOCKS = Prepared(
    select(literal(1)).where(
        QuietPerson.member_id == _BY, QuietPerson.person_id == _WHOM, col(QuietPerson.blocked)
    )
)


def blocks(work: Work, *, by: UUID, whom: UUID) -> bool:
    """Whether one member blocked another. As the driver runs it: each reply asks."""
    return _BLOCKS.first(work.connection, by=by, whom=whom) is not None


def find_person(work: Work, member_id: UUID, person_id: UUID) -> QuietPerson | None:
    """What a member chose about somebody."""
    query = select(QuietPerson).where(
        QuietPerson.member_id == member_id, QuietPerson.person_id == person_id
    )
    return work.session.exec(query).first()


def people_of(work: Work, member_id: UUID) -> Sequence[tuple[QuietPerson, Member]]:
    """Whom a member does not want to hear, by name."""
    query = (
        select(QuietPerson, Member)
        .join(Member, col(Member.id) == QuietPerson.person_id)
        .where(QuietPerson.member_id == member_id)
        .order_by(Member.pseudonym)
    )
    return work.session.exec(query).all()


def have_shared_a_room(work: Work, one: UUID, other: UUID) -> bool:
    """Whether both ever sat in the same room."""
    mine, theirs = aliased(Membership), aliased(Membership)
    query = (
        select(literal(1))
        .select_from(mine)
        .join(theirs, col(theirs.room_id) == col(mine.room_id))
        .where(col(mine.member_id) == one, col(theirs.member_id) == other)
        .limit(1)
    )
    return work.session.exec(query).first() is not None


def count_who_block(work: Work, person_id: UUID) -> int:
    """How many members blocked somebody; never who."""
    query = select(func.count()).where(QuietPerson.person_id == person_id, col(QuietPerson.blocked))
    return work.session.exec(query.select_from(QuietPerson)).one()


def rooms_with_blocks(work: Work, person_id: UUID, since: datetime, least: int) -> Sequence[UUID]:
    """Rooms where somebody sits who does not keep them, and that many who sit there blocked them since then."""
    theirs, mine = aliased(Membership), aliased(Membership)
    query = (
        select(theirs.room_id)
        .join(Room, col(Room.id) == col(theirs.room_id))
        .join(mine, col(mine.room_id) == col(theirs.room_id))
        .join(QuietPerson, col(QuietPerson.member_id) == col(mine.member_id))
        .where(
            Room.kind == "room",
            col(theirs.member_id) == person_id,
            col(theirs.seat) == "member",
            col(theirs.left_at).is_(None),
            col(mine.left_at).is_(None),
            QuietPerson.person_id == person_id,
            col(QuietPerson.blocked),
            QuietPerson.at >= since,
        )
        .group_by(col(theirs.room_id))
        .having(func.count(col(QuietPerson.id)) >= least)
    )
    return work.session.exec(query).all()


def was_raised(work: Work, room_id: UUID, person_id: UUID, reason: str, since: datetime) -> bool:
    """Whether a case about somebody in this room already had that reason since then."""
    query = (
        select(CaseFlag.reasons)
        .join(Case, col(Case.id) == CaseFlag.case_id)
        .where(Case.room_id == room_id, Case.subject_id == person_id, CaseFlag.at >= since)
    )
    return any(reason in reasons for reasons in work.session.exec(query))


def topics_of(work: Work, member_id: UUID) -> Sequence[QuietTopic]:
    """A member's topics, oldest first."""
    query = select(QuietTopic).where(QuietTopic.member_id == member_id)
    return work.session.exec(query.order_by(col(QuietTopic.at), col(QuietTopic.id))).all()


def add_topic(work: Work, member_id: UUID, words: str) -> None:
    """Keep a topic, sealed under its member's key."""
    topic = QuietTopic(member_id=member_id, sealed=b"", at=work.now)
    topic.sealed = work.sealer.seal(member_id, words, _spot(topic))
    work.session.add(topic)
    work.session.flush()


def open_topic(work: Work, topic: QuietTopic) -> str | None:
    """Its words; None when they can no longer be read."""
    return work.sealer.opened(topic.member_id, topic.sealed, _spot(topic))


def remove_topic(work: Work, member_id: UUID, topic_id: UUID) -> bool:
    """Let go of one of a member's own topics; False where there is none."""
    query = delete(QuietTopic).where(
        col(QuietTopic.id) == topic_id, col(QuietTopic.member_id) == member_id
    )
    return bool(work.session.exec(query).rowcount)


def _spot(topic: QuietTopic) -> Spot:
    return Spot("quiet_topic", "sealed", topic.id, None)
