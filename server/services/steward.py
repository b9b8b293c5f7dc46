"""Running the place: rooms, who keeps them, members and their roles. A steward reads nobody's words."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from server.access import Actor, check
from server.errors import NotFound, NotNow
from server.protocol import bodies
from server.services import ages, letting_go, names, notices, queue, seats, second_step, sessions
from server.services import rooms as services_rooms
from server.store import audit, people, rooms, staff
from server.store.tables import Member, Membership, Room
from server.store.work import Work

PAGE = 50
Here = Mapping[UUID, int]


def list_rooms(work: Work, actor: Actor, here: Here) -> bodies.Rooms:
    """Every room, the closed ones too; never a private conversation."""
    check(actor, "steward.rooms")
    found = [room for room, _ in rooms.public_rooms(work)]
    return bodies.Rooms(rooms=[_room(work, actor, room, here) for room in found])


def add_room(work: Work, actor: Actor, new: bodies.NewRoom) -> bodies.Room:
    """A new room. Raises NotNow when its address is taken."""
    check(actor, "steward.rooms")
    if new.slug and rooms.find_by_slug(work, new.slug):
        raise NotNow("There is a room with this address already.")
    room = services_rooms.make_room(
        work, new.name, new.purpose, slug=new.slug, language=new.language, age_group=new.age_group
    )
    work.session.flush()
    audit.append(work, actor.id, "room.make", room.id)
    return _room(work, actor, room, {})


def change_room(
    work: Work, actor: Actor, room_id: UUID, patch: bodies.RoomPatch, here: Here
) -> bodies.Room:
    """Set what was given; a closed room is read, not written in."""
    check(actor, "steward.rooms")
    room = _public_room(work, room_id)
    for name, value in patch.model_dump(exclude_none=True, exclude={"age_group"}).items():
        setattr(room, name, value)
    work.session.add(room)
    if patch.age_group and patch.age_group != room.age_group:
        ages.change_room(work, room, patch.age_group)
        audit.append(work, actor.id, f"room.for.{patch.age_group}", room.id)
    audit.append(work, actor.id, "room.change", room.id)
    return _room(work, actor, room, here)


def seat_keeper(
    work: Work, actor: Actor, room_id: UUID, asked: bodies.NewKeeper, here: Here
) -> bodies.RoomDetail:
    """Give a member a seat in a room, or take it away.

    A moderator's or clinician's seat needs the role: nobody reads cases by being seated alone.
    """
    check(actor, "steward.rooms")
    room = _public_room(work, room_id)
    member = _member(work, asked.member)
    if asked.seat in seats.STAFF_SEATS and asked.seat != member.role:
        raise NotNow(f"Please make this member a {asked.seat} first.")
    if member.state != "active":
        raise NotNow("This member is not active here.")
    held = rooms.find_seat(work, room.id, member.id)
    if held and held.seat in seats.STAFF_SEATS and held.seat != asked.seat:
        letting_go.of_room(work, room.id, member.id)
    if asked.seat is not None:
        seats.take_seat(work, room.id, member.id, asked.seat)
    elif held:
        seats.end_seat(work, held)
    work.session.flush()
    audit.append(work, actor.id, f"seat.{asked.seat or 'end'}", f"{room.id}/{member.id}")
    return services_rooms.get_room(work, actor, room.id, here)


def list_members(
    work: Work, actor: Actor, query: str | None, state: str | None, after: str | None
) -> bodies.StewardMembers:
    """A page of members by name. after: the token of the page before."""
    check(actor, "steward.members")
    part = names.name_key(query) if query else None
    found = list(staff.find_members(work, part, state, after, PAGE + 1))
    shown = found[:PAGE]
    more = len(found) > PAGE
    return bodies.StewardMembers(
        members=_members(work, shown), after=shown[-1].name_key if more else None
    )


def change_member(
    work: Work, actor: Actor, member_id: UUID, patch: bodies.MemberPatch
) -> bodies.StewardMember:
    """Another role, or in, or out. Either ends the member's sessions: no open page keeps old rights.

    Raises NotNow for the last steward: somebody must be able to open the door.
    """
    check(actor, "steward.members")
    stewards = staff.lock_stewards(work)
    member = _member(work, member_id)
    leaves = patch.state == "removed" or patch.role not in (None, "steward")
    if leaves and [steward.id for steward in stewards] == [member.id]:
        raise NotNow("The last steward stays: make somebody else a steward first.")
    if patch.role and patch.role != member.role:
        change_role(work, actor.id, member, patch.role)
    if patch.state and patch.state != member.state:
        _change_state(work, actor, member, patch)
    return _members(work, [member])[0]


def change_role(work: Work, by: UUID | None, member: Member, role: str) -> None:
    """What a member is; rights that the old role gave end here. by: None at the terminal."""
    if not second_step.is_staff(role):
        member.staff_since = None
    elif not second_step.is_staff(member.role):
        member.staff_since = work.now
    member.role = role
    work.session.add(member)
    for held, kind in staff.all_seats(work, member.id):
        if held.seat in seats.STAFF_SEATS and held.seat != role:
            _demote(work, held, kind)
    _end_work(work, by, member)
    audit.append(work, by, f"member.role.{role}", member.id)


def end_membership(work: Work, by: UUID | None, member: Member) -> None:
    """Out of the whole place: seats, shift and sessions end. Whether that may be is the caller's to know."""
    member.state = "removed"
    work.session.add(member)
    for held, _ in staff.all_seats(work, member.id):
        seats.end_seat(work, held)
    _end_work(work, by, member)
    audit.append(work, by, "member.removed", member.id)


def _change_state(work: Work, actor: Actor, member: Member, patch: bodies.MemberPatch) -> None:
    if patch.state == "removed":
        notices.tell(
            work, member_id=member.id, kind="removed", code="place", words=patch.reason,
            by_role="steward", by=actor.id, appealable=True,
        )  # fmt: skip
        end_membership(work, actor.id, member)
        return
    member.state = patch.state or member.state
    work.session.add(member)
    audit.append(work, actor.id, f"member.{member.state}", member.id)


def readmit(work: Work, member: Member, removed_at: datetime) -> None:
    """Undo a removal: the seats that ended with it are theirs again. A staff seat is given anew."""
    member.state = "active"
    work.session.add(member)
    for held in staff.seats_ended_at(work, member.id, removed_at):
        seats.give_back(work, held.room_id, member.id, held.seat)


def _demote(work: Work, held: Membership, kind: str) -> None:
    """A plain seat in a room that is for them; none in other people's private conversations."""
    if kind == "room" and seats.may_sit(work, held.room_id, held.member_id):
        seats.take_seat(work, held.room_id, held.member_id)
    else:
        seats.end_seat(work, held)


def _end_work(work: Work, by: UUID | None, member: Member) -> None:
    """Shift, claims and sessions end; who comes back logs in with what they are now."""
    running = people.open_shift(work, member.id)
    if running:
        queue.end_shift(work, running)
    queue.release_all(work, member.id)
    sessions.end_all(work, member.id)
    work.session.flush()
    if running:
        audit.append(work, by, "shift.off", member.id)
    audit.append(work, by, "session.end_all", member.id)


def _room(work: Work, actor: Actor, room: Room, here: Here) -> bodies.Room:
    return services_rooms.get_room(work, actor, room.id, here).room


def _public_room(work: Work, room_id: UUID) -> Room:
    room = rooms.find_public(work, room_id)
    if room is None:
        raise NotFound
    return room


def _member(work: Work, member_id: UUID) -> Member:
    member = staff.lock_member(work, member_id)
    if member is None or member.is_bot:
        raise NotFound
    return member


def _members(work: Work, found: Sequence[Member]) -> list[bodies.StewardMember]:
    kept: dict[UUID, list[str]] = {}
    for member_id, room_name, seat in staff.keeper_seats(work, [member.id for member in found]):
        kept.setdefault(member_id, []).append(f"{room_name}: {seat}")
    return [_body(member, kept.get(member.id, [])) for member in found]


def _body(member: Member, kept: list[str]) -> bodies.StewardMember:
    role: Any = member.role
    state: Any = member.state
    return bodies.StewardMember(
        id=member.id,
        pseudonym=member.pseudonym,
        role=role,
        state=state,
        joined_at=member.joined_at,
        seats=kept,
    )
