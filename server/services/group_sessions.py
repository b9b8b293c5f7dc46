"""Group sessions: a time in a room with a host, planned, moved and cancelled by those who keep the room."""

from collections.abc import Sequence
from datetime import UTC, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from server.access import Actor, check, may, relation_of
from server.errors import BadFrame, NotAllowed, NotFound, NotNow, Stale
from server.protocol import group_sessions as bodies
from server.services import notices, seats, session_timers, session_words
from server.services.seats import STAFF_SEATS
from server.store import audit, cases, place, rooms
from server.store import group_sessions as stored
from server.store.tables import GroupSession, GroupSessionReminder, Member, Membership
from server.store.work import Work

AHEAD = timedelta(days=400)
"""A year, and time to plan the next."""
_UPCOMING, _PAST = 50, 20


def list_mine(work: Work, actor: Actor) -> bodies.GroupSessions:
    """What comes in all rooms where the actor sits."""
    check(actor, "group_session.list")
    held = rooms.seats_of(work, actor.id)
    found = stored.upcoming(work, list(held), _UPCOMING)
    return bodies.GroupSessions(upcoming=_bodies(work, actor, found, held))


def list_in(work: Work, actor: Actor, room_id: UUID) -> bodies.GroupSessions:
    """What comes in one room; for those who keep it, also what was."""
    seat = _check(work, actor, room_id, "group_session.read")
    held = {room_id: seat}
    is_kept = may(actor.role, "group_session.change", relation_of(seat.seat))
    past = stored.past(work, room_id, _PAST) if is_kept else []
    return bodies.GroupSessions(
        upcoming=_bodies(work, actor, stored.upcoming(work, [room_id], _UPCOMING), held),
        past=_bodies(work, actor, past, held),
    )


def list_hosts(work: Work, actor: Actor, room_id: UUID) -> bodies.SessionHosts:
    """Who may host here: its moderators and clinicians."""
    _check(work, actor, room_id, "group_session.change")
    hosts = [(member.id, member.pseudonym) for member in _hosts(work, room_id)]
    return bodies.SessionHosts(hosts=[bodies.SessionHost(id=id, name=name) for id, name in hosts])


def plan(
    work: Work, actor: Actor, room_id: UUID, new: bodies.NewGroupSession
) -> bodies.GroupSession:
    """A new session. Raises NotFound, BadFrame (no such zone), NotAllowed (the host does not keep the
    room), NotNow (in the past, too far ahead, at the time of another, or the room is closed)."""
    seat = _check(work, actor, room_id, "group_session.change")
    _check_open(work, room_id)
    starts_at = new.starts_at.astimezone(UTC)
    session = GroupSession(
        room_id=room_id, made_by=actor.id, host_id=new.host or actor.id, sealed_by=actor.id,
        sealed=b"", starts_at=starts_at, ends_at=starts_at + timedelta(minutes=new.minutes),
        time_zone=_zone(new.time_zone), made_at=work.now,
    )  # fmt: skip
    _check_time(work, session)
    _check_host(work, room_id, session.host_id)
    stored.seal(work, session, actor.id, new.title, new.about)
    work.session.flush()
    session_timers.plan(work, session)
    audit.append(work, actor.id, "group_session.plan", session.id)
    return _bodies(work, actor, [session], {room_id: seat})[0]


def change(
    work: Work, actor: Actor, session_id: UUID, patch: bodies.GroupSessionPatch
) -> bodies.GroupSession:
    """Move it, or say something else about it. Who wanted to be reminded hears of a new time at once.

    Raises what `plan` raises; Stale when somebody changed it meanwhile, NotNow once it has begun.
    """
    session, seat = _get(work, actor, session_id, "group_session.change", lock=True)
    _check_edition(session, patch.edition)
    if session.cancelled_at or session.starts_at <= work.now:
        raise NotNow("This session has begun, or was cancelled.")
    minutes = (session.ends_at - session.starts_at) // timedelta(minutes=1)
    before = (session.starts_at, session.ends_at)
    if patch.starts_at is not None:
        session.starts_at = patch.starts_at.astimezone(UTC)
    session.ends_at = session.starts_at + timedelta(minutes=patch.minutes or minutes)
    session.time_zone = _zone(patch.time_zone or session.time_zone)
    session.host_id = patch.host or session.host_id
    _check_time(work, session)
    if patch.host:
        _check_host(work, session.room_id, patch.host)
    title, about = stored.open_words(work, session)
    given = patch.model_fields_set
    if given & {"title", "about"}:
        about = patch.about if "about" in given else about
        stored.seal(work, session, actor.id, patch.title or title, about)
    session.edition += 1
    work.session.add(session)
    work.session.flush()
    if (session.starts_at, session.ends_at) != before:
        session_timers.plan(work, session)
        _tell(work, actor, session, "moved")
    audit.append(work, actor.id, "group_session.change", session.id)
    return _bodies(work, actor, [session], {session.room_id: seat})[0]


def cancel(
    work: Work, actor: Actor, session_id: UUID, end: bodies.GroupSessionEnd
) -> bodies.GroupSession:
    """It does not take place, or ends here. Raises NotFound, Stale, NotNow (over, or cancelled)."""
    session, seat = _get(work, actor, session_id, "group_session.change", lock=True)
    _check_edition(session, end.edition)
    if session.cancelled_at or session.ends_at <= work.now:
        raise NotNow("This session is over, or was cancelled.")
    session.cancelled_at = work.now
    session.edition += 1
    work.session.add(session)
    work.session.flush()
    session_timers.drop(work, session)
    stored.forget_present(work, session.id)
    _tell(work, actor, session, "cancelled", end.reason)
    audit.append(work, actor.id, "group_session.cancel", session.id)
    return _bodies(work, actor, [session], {session.room_id: seat})[0]


def remind(work: Work, actor: Actor, session_id: UUID, *, wanted: bool) -> bodies.GroupSession:
    """Be reminded, or not. Doing it twice changes nothing."""
    session, seat = _get(work, actor, session_id, "group_session.remind")
    known = work.session.get(GroupSessionReminder, (session.id, actor.id))
    if wanted and known is None:
        if session.cancelled_at or session.starts_at <= work.now:
            raise NotNow("This session has begun, or was cancelled.")
        row = GroupSessionReminder(session_id=session.id, member_id=actor.id, at=work.now)
        work.session.add(row)
    elif known and not wanted:
        work.session.delete(known)
    work.session.flush()
    return _bodies(work, actor, [session], {session.room_id: seat})[0]


def calendar(work: Work, actor: Actor, session_id: UUID) -> str:
    """The same as a calendar file: its time and the place's neutral name, and nothing of the room."""
    session, _ = _get(work, actor, session_id, "group_session.read")
    return session_words.calendar(session, place.get_place(work).name, work.now)


def _check(work: Work, actor: Actor, room_id: UUID, operation: str) -> Membership:
    """The actor's seat in an ordinary room. Raises NotFound."""
    seat = seats.check_seat(work, actor, operation, room_id)
    if seat is None or rooms.find_public(work, room_id) is None:
        raise NotFound
    return seat


def _get(
    work: Work, actor: Actor, session_id: UUID, operation: str, *, lock: bool = False
) -> tuple[GroupSession, Membership]:
    found = stored.find_locked(work, session_id) if lock else stored.find(work, session_id)
    if found is None:
        raise NotFound
    return found, _check(work, actor, found.room_id, operation)


def _check_open(work: Work, room_id: UUID) -> None:
    room = rooms.find_room(work, room_id)
    if room is None or room.state != "open":
        raise NotNow("This room is closed.")


def _check_edition(session: GroupSession, edition: int) -> None:
    if session.edition != edition:
        raise Stale


def _check_time(work: Work, session: GroupSession) -> None:
    if session.starts_at <= work.now:
        raise NotNow("A session begins in the future.")
    if session.starts_at > work.now + AHEAD:
        raise NotNow("That is more than a year ahead.")
    # One at a time: from two that overlap, people could be told apart by who was counted in which.
    if stored.overlaps(work, session):
        raise NotNow("Another session of this room is at that time.")


def _check_host(work: Work, room_id: UUID, member_id: UUID) -> None:
    if member_id not in {member.id for member in _hosts(work, room_id)}:
        raise NotAllowed("A host keeps this room, as its moderator or its clinician.")


def _hosts(work: Work, room_id: UUID) -> list[Member]:
    return [
        member
        for seat, member in rooms.keepers_of(work, room_id)
        if seat.seat in STAFF_SEATS and member.state == "active"
    ]


def _zone(name: str) -> str:
    """Raises BadFrame for one that nobody knows."""
    try:
        return str(ZoneInfo(name).key)
    except (ValueError, OSError, KeyError):
        raise BadFrame("There is no such time zone.") from None


def _tell(
    work: Work, actor: Actor, session: GroupSession, code: str, reason: str | None = None
) -> None:
    """Those who asked to be reminded."""
    room = rooms.find_room(work, session.room_id)
    words = session_words.told(code, room.language if room else "en", session, reason)
    for member_id in stored.reminded(work, session.id):
        if member_id != actor.id:
            notices.tell(
                work, member_id=member_id, kind="session", code=code, words=words,
                room_id=session.room_id, by_role=str(actor.role), by=actor.id,
            )  # fmt: skip


def _bodies(
    work: Work, actor: Actor, found: Sequence[GroupSession], held: dict[UUID, Membership]
) -> list[bodies.GroupSession]:
    names = cases.room_names(work, {one.room_id for one in found})
    hosts = {
        room_id: {member.id: member.pseudonym for member in _hosts(work, room_id)}
        for room_id in names
    }
    mine = stored.my_reminders(work, actor.id, [one.id for one in found])
    return [
        _body(work, actor, one, names[one.room_id], hosts[one.room_id].get(one.host_id),
              held[one.room_id], remind=one.id in mine)
        for one in found
    ]  # fmt: skip


def _body(
    work: Work,
    actor: Actor,
    session: GroupSession,
    room_name: str,
    host: str | None,
    seat: Membership,
    *,
    remind: bool,
) -> bodies.GroupSession:
    title, about = stored.open_words(work, session)
    may_change = may(actor.role, "group_session.change", relation_of(seat.seat))
    return bodies.GroupSession(
        id=session.id,
        room=session.room_id,
        room_name=room_name,
        title=title,
        about=about,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        time_zone=session.time_zone,
        host=host,
        host_id=session.host_id if host else None,
        edition=session.edition,
        cancelled=session.cancelled_at is not None,
        remind=remind,
        may_change=may_change,
        people=session.people if may_change else None,
    )
