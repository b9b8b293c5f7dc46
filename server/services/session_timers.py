"""What happens to a group session by itself: it is reminded of, who comes is noted, and it is counted once."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from server.services import notices, session_words, small_cells
from server.store import audit, climate, rooms
from server.store import group_sessions as stored
from server.store.group_sessions import COUNT, DAY, SOON
from server.store.tables import GroupSession, GroupSessionPresence, GroupSessionTimer
from server.store.work import Work

BEFORE: Mapping[str, timedelta] = {DAY: timedelta(hours=24), SOON: timedelta(minutes=15)}
_AT_ONCE = 50


def plan(work: Work, session: GroupSession) -> None:
    """Write down what is to happen, in the transaction that set the time. A new time: anew.

    A reminder whose time is over already is never told late.
    """
    planned = stored.timers_of(work, session.id)
    due = {kind: session.starts_at - before for kind, before in BEFORE.items()}
    for kind, at in (due | {COUNT: session.ends_at}).items():
        timer = planned.get(kind) or GroupSessionTimer(session_id=session.id, kind=kind, due_at=at)
        timer.due_at, timer.done_at = at, work.now if at <= work.now else None
        work.session.add(timer)
    work.session.flush()


def drop(work: Work, session: GroupSession) -> None:
    """Nothing more is to happen."""
    for timer in stored.timers_of(work, session.id).values():
        timer.done_at = timer.done_at or work.now
        work.session.add(timer)


def find_due(work: Work) -> Sequence[UUID]:
    """Timers that are due, the longest due first; some, not all of many."""
    return stored.find_due(work, _AT_ONCE)


def run(work: Work, timer_id: UUID) -> bool:
    """Do what one is there for. False when it is no longer to be done."""
    taken = stored.take(work, timer_id)
    if taken is None:
        return False
    timer, session = taken
    timer.done_at = work.now
    work.session.add(timer)
    if session.cancelled_at is not None:
        return True
    if timer.kind == COUNT:
        _count(work, session)
    else:
        _remind(work, session, timer.kind)
    return True


def find_live(work: Work) -> Sequence[tuple[UUID, UUID]]:
    """Sessions that go on right now: each with its room."""
    return stored.live(work)


def note_present(work: Work, session_id: UUID, here: Collection[UUID]) -> None:
    """Who has the room open now; kept until the session is counted, and shown to nobody."""
    for member_id in sorted(set(here) - stored.present(work, session_id)):
        work.session.add(GroupSessionPresence(session_id=session_id, member_id=member_id))


def _remind(work: Work, session: GroupSession, kind: str) -> None:
    """After a long stop only what is still true is told: nobody is called to what has begun."""
    if session.starts_at <= work.now or (kind == DAY and _is_soon(work, session)):
        return
    room = rooms.find_room(work, session.room_id)
    words = session_words.told(kind, room.language if room else "en", session)
    for member_id in stored.reminded(work, session.id):
        notices.tell(
            work, member_id=member_id, kind="session", code=kind, words=words,
            room_id=session.room_id, automated=True, by_role="machine", calls_until=session.starts_at,
        )  # fmt: skip


def _is_soon(work: Work, session: GroupSession) -> bool:
    return session.starts_at - work.now <= BEFORE[SOON]


def _count(work: Work, session: GroupSession) -> None:
    """How many were there, by the rule of small cells, once; then who it was is forgotten.

    What was held stands beside the climate of the room, under the name of whoever planned it.
    """
    people = stored.present(work, session.id) | stored.wrote(work, session)
    shown = small_cells.shown_value(small_cells.distinct(people))
    session.people, session.counted_at = int(shown) if shown is not None else None, work.now
    work.session.add(session)
    stored.forget_present(work, session.id)
    room = rooms.find_room(work, session.room_id)
    title, _ = stored.open_words(work, session)
    text = session_words.held(room.language if room else "en", title)
    note = climate.add_note(work, session.room_id, session.made_by, session.starts_at.date(), text)
    audit.append(work, None, "group_session.held", note.id)
