"""Access without consent, where somebody may be in danger: never alone for long, never unseen.

Either a second person confirms it and it is open for an hour, or it is open for five minutes at once,
and the group's other clinicians and the stewards are told in that moment. It ends by itself. The member
sees each look, and is told when it is over.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from server.access import Actor, Relation, Role, check, relation_of
from server.errors import NotFound, NotNow
from server.protocol import care as bodies
from server.protocol.frames import SightChanged
from server.services import names, notices, seats, wording
from server.store import audit, comfort, emergencies, rooms, staff
from server.store.tables import Emergency, Member, Room
from server.store.work import ToCarers, Work

ALONE: Final = timedelta(minutes=5)
CONFIRMED: Final = timedelta(minutes=60)
WAITS: Final = timedelta(minutes=60)
"""So long somebody can confirm; then it must be asked anew."""
_AT_ONCE: Final = 50


def ask(work: Work, actor: Actor, room_id: UUID, new: bodies.NewEmergency) -> bodies.Emergencies:
    """Ask for it, or open it at once. All who may answer are told now.

    Raises NotFound without a clinician's seat, or where no member of that name sits there; NotNow while
    one of the actor's runs, and where a five minutes' one has just been: alone is once in a day.
    """
    seats.check_seat(work, actor, "emergency.ask", room_id)
    member = emergencies.find_seated(work, room_id, names.name_key(new.name))
    if member is None or member.id == actor.id:
        raise NotFound
    staff.lock_member(work, actor.id)
    _check_first(work, actor, room_id, member.id, at_once=new.at_once)
    emergency = Emergency(
        member_id=member.id, room_id=room_id, asked_by=actor.id, reason=new.reason, sealed=b"",
        asked_at=work.now, at_once=new.at_once, until=work.now + ALONE if new.at_once else None,
    )  # fmt: skip
    emergencies.add(work, emergency, new.words)
    _call(work, actor, emergency)
    if new.at_once:
        _tell_pages(work, emergency)
    audit.append(
        work, actor.id, "emergency.at_once" if new.at_once else "emergency.ask", emergency.id
    )
    return list_living(work, actor)


def answer(work: Work, actor: Actor, emergency_id: UUID, *, confirm: bool) -> bodies.Emergencies:
    """A second person: it is open for an hour from now, or over.

    Raises NotFound for what is not the actor's to answer, NotNow when it waits no more.
    """
    emergency = _get(work, actor, emergency_id, "emergency.answer")
    if actor.id in (emergency.asked_by, emergency.member_id):
        raise NotFound
    if not _waits(emergency, work.now):
        raise NotNow("This waits for nobody any more.")
    emergency.answer = "confirmed" if confirm else "declined"
    emergency.answered_by, emergency.answered_at = actor.id, work.now
    if confirm:
        emergency.until = work.now + CONFIRMED
    else:
        emergency.ended_at = work.now
    work.session.add(emergency)
    work.session.flush()
    _tell(work, emergency.asked_by, emergency, emergency.answer, actor.role)
    _tell_pages(work, emergency)
    audit.append(
        work, actor.id, "emergency.confirm" if confirm else "emergency.decline", emergency.id
    )
    return list_living(work, actor)


def end(work: Work, actor: Actor, emergency_id: UUID) -> bodies.Emergencies:
    """It is over now. Ending it twice changes nothing."""
    emergency = _get(work, actor, emergency_id, "emergency.end")
    if _waits(emergency, work.now) or _is_open(emergency, work.now):
        emergency.ended_at = work.now
        work.session.add(emergency)
        work.session.flush()
        _tell_pages(work, emergency)
        audit.append(work, actor.id, "emergency.end", emergency.id)
    return list_living(work, actor)


def list_living(work: Work, actor: Actor) -> bodies.Emergencies:
    """Those that wait or are open: a steward's are all, a clinician's those of their groups."""
    check(actor, "emergency.list")
    mine = None if actor.role is Role.STEWARD else _cared_for(work, actor)
    found = emergencies.living(work, work.now, work.now - WAITS, mine)
    return bodies.Emergencies(
        emergencies=[_body(work, actor, *row) for row in found if row[0].member_id != actor.id]
    )


def open_to(work: Work, actor: Actor, room_id: UUID) -> list[tuple[Member, datetime | None]]:
    """Whom the actor may see in this room because of an emergency, and until when."""
    found = emergencies.living(work, work.now, work.now - WAITS, [room_id])
    return [
        (member, emergency.until)
        for emergency, _, member, _ in found
        if emergency.asked_by == actor.id
        and _is_open(emergency, work.now)
        and rooms.find_seat(work, room_id, member.id)
    ]


def has_untold(work: Work) -> bool:
    """Whether one is over whose member does not know of it yet."""
    return emergencies.has_untold(work)


def tell_members(work: Work) -> None:
    """Each member is told that it was, why, by which role, and until when."""
    for emergency in emergencies.untold(work, _AT_ONCE):
        emergency.told_at = work.now
        work.session.add(emergency)
        work.session.flush()
        notices.tell(
            work, member_id=emergency.member_id, kind="emergency", code="was_open",
            words=_words_for_member(work, emergency), by_role=str(Role.CLINICIAN),
            room_id=emergency.room_id,
        )  # fmt: skip
        _tell_pages(work, emergency)
        audit.append(work, None, "emergency.told", emergency.id)


def _check_first(
    work: Work, actor: Actor, room_id: UUID, member_id: UUID, *, at_once: bool
) -> None:
    if emergencies.has_living(work, actor.id, room_id, member_id, work.now - WAITS):
        raise NotNow("You have asked for that already.")
    day_ago = work.now - timedelta(days=1)
    if at_once and emergencies.was_alone(work, actor.id, member_id, day_ago):
        raise NotNow("Five minutes alone are once in a day. Please ask a second person.")


def _get(work: Work, actor: Actor, emergency_id: UUID, operation: str) -> Emergency:
    emergency = emergencies.lock(work, emergency_id)
    if emergency is None or emergency.member_id == actor.id:
        raise NotFound
    seat = rooms.find_seat(work, emergency.room_id, actor.id)
    relation = relation_of(seat.seat if seat else None)
    check(actor, operation, relation if seat else Relation.NONE)
    return emergency


def _waits(emergency: Emergency, now: datetime) -> bool:
    if emergency.answer is not None or emergency.ended_at is not None:
        return False
    if emergency.at_once:
        return _is_open(emergency, now)
    return emergency.asked_at > now - WAITS


def _is_open(emergency: Emergency, now: datetime) -> bool:
    return emergency.ended_at is None and emergency.until is not None and emergency.until > now


def _cared_for(work: Work, actor: Actor) -> Sequence[UUID]:
    held = rooms.seats_of(work, actor.id)
    return [room_id for room_id, seat in held.items() if seat.seat == "clinician"]


def _call(work: Work, actor: Actor, emergency: Emergency) -> None:
    code = "at_once" if emergency.at_once else "asked"
    until = emergency.until or work.now + WAITS
    for member in emergencies.who_may_answer(work, emergency.room_id, actor.id):
        if member.id != emergency.member_id:
            _tell(work, member.id, emergency, code, actor.role, until)


def _tell(
    work: Work,
    member_id: UUID,
    emergency: Emergency,
    code: str,
    by_role: str,
    calls_until: datetime | None = None,
) -> None:
    notices.tell(
        work, member_id=member_id, kind="emergency", code=code, words=None, by_role=str(by_role),
        room_id=emergency.room_id, calls_until=calls_until,
    )  # fmt: skip


def _tell_pages(work: Work, emergency: Emergency) -> None:
    work.announce(ToCarers(emergency.room_id, SightChanged(room=emergency.room_id)))


def _words_for_member(work: Work, emergency: Emergency) -> str:
    language = comfort.language_of(work, emergency.member_id)
    second = "confirmed" if emergency.answer == "confirmed" else "alone"
    said = wording.notice("emergency", "was_open", language).format(
        reason=wording.emergency(emergency.reason, language),
        second=wording.emergency(second, language),
    )
    words = emergencies.open_words(work, emergency)
    return f"{said}\n\n{wording.emergency('in_words', language)} {words}" if words else said


def _body(
    work: Work, actor: Actor, emergency: Emergency, room: Room, member: Member, asker: Member
) -> bodies.Emergency:
    reason: Any = emergency.reason
    mine = emergency.asked_by == actor.id
    return bodies.Emergency(
        id=emergency.id, room=room.id, room_name=room.name, member=member.id,
        name=member.pseudonym, by=asker.pseudonym, mine=mine,
        may_answer=not mine and _waits(emergency, work.now), reason=reason,
        words=emergencies.open_words(work, emergency),
        state="open" if _is_open(emergency, work.now) else "waits",
        confirmed=emergency.answer == "confirmed", asked_at=emergency.asked_at,
        until=emergency.until,
    )  # fmt: skip
