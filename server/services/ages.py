"""Age groups: rooms for those under 18, for adults, or for everybody, and how somebody changes group.

What counts is what a member says; no birth date is asked for, and no other member is told.
"""

from typing import Any
from uuid import UUID

from server.access import Actor, Relation, Role, admits, check
from server.errors import NotFound, NotNow
from server.protocol import ages as bodies
from server.services import letting_go, notices, seats
from server.store import ages, audit, rooms, staff
from server.store.tables import AgeChange, Member, Membership, Room
from server.store.work import Work


def read_own(work: Work, actor: Actor) -> bodies.OwnAge:
    """What the actor says of themselves, and what waits to be confirmed."""
    check(actor, "age.own")
    member = _member(work, actor.id)
    return _own(member, ages.waiting_of(work, member.id))


def say(work: Work, actor: Actor, group: str) -> bodies.OwnAge:
    """The first time it counts at once, as at sign-up. To change it takes another person.

    Saying what stands already takes back what was asked.
    """
    check(actor, "age.own")
    member = _lock(work, actor.id)
    waits = ages.waiting_of(work, member.id)
    if member.age_group is None:
        member.age_group = group
        work.session.add(member)
        work.session.flush()
        _end_seats_of(work, member)
        audit.append(work, member.id, "age.say", member.id)
    elif group == member.age_group:
        if waits:
            work.session.delete(waits)
        waits = None
    elif waits is None:
        waits = _ask(work, member, group)
    return _own(member, waits)


def list_asked(work: Work, actor: Actor) -> bodies.AgeChanges:
    """What waits: for a steward all of it, for a moderator that of members of their rooms. No words."""
    check(actor, "age.list")
    found = ages.waiting(work, None if actor.role is Role.STEWARD else actor.id)
    return bodies.AgeChanges(
        changes=[_change(change, name) for change, name in found if change.member_id != actor.id]
    )


def answer(work: Work, actor: Actor, change_id: UUID, asked: bodies.AgeAnswer) -> None:
    """Confirm, or say no and why. Confirmed, seats among the others end at once.

    Raises NotFound, also for one's own; NotNow where it was answered.
    """
    change = ages.lock_change(work, change_id)
    if change is None or change.member_id == actor.id:
        raise NotFound
    check(actor, "age.answer", _relation(work, actor, change.member_id))
    if change.answered_at is not None:
        raise NotNow("Somebody has answered this already.")
    if not asked.confirm and asked.reason is None:
        raise NotNow("Please say why: they read it.")
    change.confirmed, change.answered_by, change.answered_at = asked.confirm, actor.id, work.now
    work.session.add(change)
    member = _lock(work, change.member_id)
    if asked.confirm:
        member.age_group = change.age_group
        work.session.add(member)
        work.session.flush()
        _end_seats_of(work, member)
    notices.tell(
        work, member_id=member.id, kind="age_group",
        code="confirmed" if asked.confirm else "declined",
        words=asked.reason, by_role=str(actor.role), by=actor.id,
    )  # fmt: skip
    audit.append(work, actor.id, f"age.{'confirm' if asked.confirm else 'decline'}", member.id)


def change_room(work: Work, room: Room, group: str) -> None:
    """From now on it is for these. Who does not belong there any more loses the seat, and is told."""
    # Whoever takes a seat right now is through with it, or sees this.
    rooms.lock_head(work, room.id)
    room.age_group = group
    work.session.add(room)
    work.session.flush()
    for held, member_group in ages.seats_in(work, room.id):
        if not admits(group, member_group, held.seat):
            _end(work, held)


def _ask(work: Work, member: Member, group: str) -> AgeChange:
    if group == "minors" and member.role != "peer":
        raise NotNow("Please ask a steward first: who keeps rooms here is an adult.")
    change = AgeChange(member_id=member.id, age_group=group, at=work.now)
    work.session.add(change)
    work.session.flush()
    for one in staff.stewards(work):
        if one.id != member.id:
            notices.tell(
                work, member_id=one.id, kind="called", code="age", words=None, by_role="member"
            )
    audit.append(work, member.id, "age.ask", change.id)
    return change


def _end_seats_of(work: Work, member: Member) -> None:
    for held, group in ages.seats_of(work, member.id):
        if not admits(group, member.age_group, held.seat):
            _end(work, held)


def _end(work: Work, held: Membership) -> None:
    if held.seat in seats.STAFF_SEATS:
        letting_go.of_room(work, held.room_id, held.member_id)
    seats.end_seat(work, held)
    notices.tell(
        work, member_id=held.member_id, kind="age_group", code="room", words=None,
        by_role="steward", room_id=held.room_id,
    )  # fmt: skip


def _relation(work: Work, actor: Actor, member_id: UUID) -> Relation:
    if actor.role is Role.MODERATOR and ages.is_kept_by(work, member_id, actor.id):
        return Relation.KEEPER
    return Relation.NONE


def _member(work: Work, member_id: UUID) -> Member:
    member = work.session.get(Member, member_id)
    assert member is not None  # noqa: S101 - an actor is a member
    return member


def _lock(work: Work, member_id: UUID) -> Member:
    member = staff.lock_member(work, member_id)
    assert member is not None  # noqa: S101 - a foreign key
    return member


def _own(member: Member, waits: AgeChange | None) -> bodies.OwnAge:
    group: Any = member.age_group
    asked: Any = waits.age_group if waits else None
    return bodies.OwnAge(age_group=group, asked=asked)


def _change(change: AgeChange, name: str) -> bodies.AgeChange:
    group: Any = change.age_group
    return bodies.AgeChange(id=change.id, name=name, age_group=group, at=change.at)
