"""Whom a steward puts on call, when others are called, and the steward's own command."""

from itertools import pairwise
from typing import Any
from uuid import UUID

from moderation.ladder import Rung
from moderation.urgency import Urgency
from server.access import Actor, check
from server.errors import NotNow
from server.protocol import bodies
from server.services import ladder, seats, timers
from server.store import audit, people, place, staff
from server.store import timers as stored
from server.store.tables import Member
from server.store.work import Work

_AT_ONCE = 20


def read_calling(work: Work, actor: Actor, *, has_command: bool) -> bodies.Calling:
    """Who is called and when, and whether the newest run of the command went well."""
    check(actor, "steward.calling")
    return _body(work, has_command=has_command)


def change_calling(
    work: Work, actor: Actor, patch: bodies.CallingPatch, *, has_command: bool
) -> bodies.Calling:
    """Set what was given; rungs that are written down already keep their time.

    Raises NotNow for a member who may judge no case, or when the minutes do not rise.
    """
    check(actor, "steward.calling")
    stored_place = place.get_place(work)
    minutes = dict(stored_place.call_minutes)
    for urgency, given in ((Urgency.NOW, patch.now_minutes), (Urgency.SOON, patch.soon_minutes)):
        if given is not None:
            _check_rising(given)
            minutes[str(urgency)] = given
    stored_place.call_minutes = minutes
    if patch.on_call is not None:
        stored_place.on_call = [
            str(_get_staff(work, member_id).id) for member_id in dict.fromkeys(patch.on_call)
        ]
    work.session.add(stored_place)
    work.session.flush()
    audit.append(work, actor.id, "steward.calling", None)
    return _body(work, has_command=has_command)


def words_to_pass(work: Work) -> list[tuple[UUID, list[str]]]:
    """For each run of the command that is to be made, its timer and its words: ids and codes only.

    rung, urgency, case, room, then the ids of the members who are called.
    """
    found = []
    for call in stored.calls_to_make(work, _AT_ONCE):
        case = ladder.get_waiting(work, call.case)
        members = ladder.called(work, case, Rung(call.step)) if case else []
        words = [Rung(call.step).code, call.urgency, str(call.case), str(call.room)]
        found.append((call.timer, words + [str(member) for member in members]))
    return found


def record_call(work: Work, timer_id: UUID, outcome: str) -> None:
    """What became of a run: done, or the code of its failure."""
    timer = stored.get(work, timer_id)
    timer.command, timer.called_at = outcome, work.now
    work.session.add(timer)


def _body(work: Work, *, has_command: bool) -> bodies.Calling:
    chosen = [people.find_member(work, UUID(one)) for one in place.get_place(work).on_call]
    on_call = [member for member in chosen if member and _may_be_called(member)]
    newest = stored.newest_call(work)
    kept: dict[UUID, list[str]] = {}
    for member_id, room, seat in staff.keeper_seats(work, [member.id for member in on_call]):
        if seat in seats.STAFF_SEATS:
            kept.setdefault(member_id, []).append(room)
    return bodies.Calling(
        now_minutes=list(timers.minutes(work, Urgency.NOW)),
        soon_minutes=list(timers.minutes(work, Urgency.SOON)),
        on_call=[_on_call(member, kept.get(member.id, [])) for member in on_call],
        has_command=has_command,
        last_call=newest.command if newest else None,
        last_call_at=newest.called_at if newest else None,
    )


def _on_call(member: Member, rooms: list[str]) -> bodies.OnCall:
    role: Any = member.role
    return bodies.OnCall(id=member.id, name=member.pseudonym, role=role, rooms=rooms)


def _get_staff(work: Work, member_id: UUID) -> Member:
    member = people.find_member(work, member_id)
    if member is None or not _may_be_called(member):
        raise NotNow("Only active moderators and clinicians can be on call.")
    return member


def _may_be_called(member: Member) -> bool:
    return member.state == "active" and member.role in seats.STAFF_SEATS


def _check_rising(minutes: list[int]) -> None:
    if any(after <= before for before, after in pairwise(minutes)):
        raise NotNow("Each time has to be later than the one before.")
