"""Leaving for good: asked for, a day to take it back, then all of it goes and cannot be brought back."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from server.access import Actor, Relation, Role, check, relation_of
from server.errors import NotNow
from server.protocol import rights as wire
from server.services import notices, publishing, retention, steward
from server.store import audit, erasing, holds, people, rooms, staff
from server.store.tables import Case, Erasure
from server.store.work import Work

THINK_IT_OVER: Final = timedelta(days=1)
_AT_ONCE: Final = 10
_MESSAGES: Final = 25
"""In one transaction: each is told to its room, and others want to write, too."""


def read(work: Work, actor: Actor) -> wire.Erasure | None:
    """Whether the actor is leaving, and when."""
    check(actor, "me.data")
    found = erasing.find(work, actor.id)
    return _body(found) if found else None


def ask(work: Work, actor: Actor) -> wire.Erasure:
    """From now on a day. Asked twice, the first time counts. Raises NotNow for the last steward."""
    check(actor, "me.data")
    found = erasing.find(work, actor.id)
    if found:
        return _body(found)
    stewards = staff.lock_stewards(work)
    if [one.id for one in stewards] == [actor.id]:
        raise NotNow("The last steward stays: make somebody else a steward first.")
    found = Erasure(member_id=actor.id, asked_at=work.now, due_at=work.now + THINK_IT_OVER)
    work.session.add(found)
    _tell(work, actor.id, "leaving", found)
    audit.append(work, actor.id, "erasure.ask", actor.id)
    return _body(found)


def take_back(work: Work, actor: Actor) -> None:
    """Nothing has happened. Where nothing was asked, nothing is done. Raises NotNow when it has begun."""
    check(actor, "me.data")
    found = erasing.find(work, actor.id)
    if found is None:
        return
    if found.begun_at is not None:
        raise NotNow("This has begun, and cannot be taken back any more.")
    work.session.delete(found)
    _tell(work, actor.id, "staying", None)
    audit.append(work, actor.id, "erasure.take_back", actor.id)


def find_due(work: Work) -> Sequence[UUID]:
    """Whose day is over; some, not all of many."""
    return erasing.due(work, _AT_ONCE)


def go_on(work: Work, member_id: UUID) -> bool:
    """One step of one erasure, to be done again after a crash. Returns whether there is more to do."""
    found = erasing.find(work, member_id)
    if found is None or found.done_at is not None or found.due_at > work.now:
        return False
    if found.begun_at is None:
        _begin(work, found)
        return True
    some = erasing.messages_with_words(work, member_id, _MESSAGES)
    for message in some:
        was_shown = message.state == "published"
        erasing.forget(message)
        work.session.add(message)
        if was_shown:
            publishing.announce_change(work, message, "withdrawn")
    if not some:
        _end(work, found)
    return bool(some)


def held_words(work: Work, actor: Actor, case: Case) -> dict[UUID, str]:
    """What is kept of an erased author's words, for a clinician of the room alone, by the row it stood in."""
    if actor.role is not Role.CLINICIAN:
        return {}
    seat = rooms.find_seat(work, case.room_id, actor.id)
    hold = holds.standing(work, case.id)
    if hold is None or relation_of(seat.seat if seat else None) is not Relation.CARER:
        return {}
    return holds.words(work, hold)


def _begin(work: Work, found: Erasure) -> None:
    """Nobody acts as this member any more; and what an open safety case needs is set apart."""
    member = people.find_member(work, found.member_id)
    assert member is not None  # noqa: S101 - a foreign key
    life = retention.days_of(work, "holds")
    for case in holds.open_safety_cases(work, member.id):
        holds.keep(work, case, timedelta(days=life or 0))
    found.begun_at = work.now
    work.session.add(found)
    steward.end_membership(work, None, member)


def _end(work: Work, found: Erasure) -> None:
    erasing.erase_rows(work, found.member_id)
    found.done_at = work.now
    work.session.add(found)
    work.session.flush()
    audit.append(work, None, "member.erased", found.member_id)
    # Last: when the rest is undone by a crash, the next step comes here again.
    work.sealer.shred(found.member_id, work.now)


def _tell(work: Work, member_id: UUID, code: str, found: Erasure | None) -> None:
    notices.tell(
        work, member_id=member_id, kind="your_data", code=code, words=None, by_role="machine",
        automated=True, until=found.due_at if found else None,
    )  # fmt: skip


def _body(found: Erasure) -> wire.Erasure:
    return wire.Erasure(
        asked_at=found.asked_at, due_at=found.due_at, may_take_back=found.begun_at is None
    )
