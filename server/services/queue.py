"""The queue as staff work it: a page, one case handed out at a time, claims, shifts."""

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from moderation.cases import CaseState
from moderation.urgency import Urgency
from server.access import Actor, Relation, Role, check, relation_of
from server.errors import BadFrame, NotNow
from server.protocol import bodies
from server.protocol.duties import TakeDown
from server.services import accounts, guard, ladder, render
from server.services.case_access import (
    check_free,
    check_judge,
    check_version,
    get_case,
    may_judge_it,
)
from server.services.cases import announce, is_claimed
from server.store import (
    assessments,
    audit,
    cases,
    escalations,
    messages,
    outside,
    people,
    queue,
    rooms,
)
from server.store import guard as counted
from server.store.queue import Placed, Position, Scope, Spared, Wanted
from server.store.tables import Case, Shift
from server.store.work import ShiftChanged, Work

LEASE = timedelta(minutes=15)
"""Long enough to read and answer; short enough that a forgotten case comes back by itself."""
PAGE = 50
_LOOKS = 10
_NOT_ASSESSED_SHOWN = 200
_SAME = (
    "id",
    "kind",
    "state",
    "urgency",
    "handling",
    "about",
    "language",
    "opened_at",
    "due_at",
    "version",
    "again_of",
    "aside",
)


def read_queue(work: Work, actor: Actor, wanted: Wanted, after: str | None = None) -> bodies.Queue:
    """A page in working order, what is open, and who is on. after: the token of the page before.

    What the page is narrowed to hides no `now` silently: `urgent_outside` counts them.
    """
    check(actor, "queue.read")
    scope = scope_of(work, actor)
    position = _read_token(after) if after else None
    found = queue.page(work, scope, wanted, position, PAGE + 1)
    as_of = position.as_of if position else work.now
    shown = found[:PAGE]
    counts = queue.count_open(work, scope)
    return bodies.Queue(
        cases=lines(work, actor, [placed.case for placed in shown]),
        open=_counts(counts),
        urgent_outside=_urgent_outside(work, scope, wanted, counts),
        not_assessed=assessments.count_unread(work, list(scope.rooms)),
        on_shift=_on_shift(work, scope),
        on_pause=sorted(counted.paused_names(work, scope.rooms)),
        after=_token(shown[-1], as_of) if len(found) > PAGE else None,
    )


def languages(work: Work, actor: Actor) -> bodies.QueueLanguages:
    """What a page can be narrowed to by language."""
    check(actor, "queue.read")
    return bodies.QueueLanguages(languages=queue.languages(work, scope_of(work, actor)))


def next_case(work: Work, actor: Actor, *, anyway: bool = False) -> bodies.NextCase:
    """Hand out the most pressing case that nobody holds, and claim it.

    What was handed up to the clinicians stays in a moderator's list, and is not handed to them again.
    What the guard leaves to somebody else who is free is passed over, and that is said. anyway: not so.
    """
    check(actor, "queue.next")
    scope = scope_of(work, actor)
    mind = guard.Mind() if anyway else guard.mind(work, actor, scope)
    foremost = next(_candidates(work, actor, scope), None) if mind.spared else None
    for candidate in _candidates(work, actor, scope, mind.spared):
        case = queue.take(work, candidate.id)
        if case:
            _hold(work, actor, case)
            audit.append(work, actor.id, "case.claim", case.id)
            passed_over = foremost if foremost and foremost.id != case.id else None
            return bodies.NextCase(
                case=case.id, spared=mind.why_not(passed_over) if passed_over else None
            )
    return bodies.NextCase(case=None, spared=mind.why_not(foremost) if foremost else None)


def _candidates(
    work: Work, actor: Actor, scope: Scope, spared: Spared | None = None
) -> Iterator[Case]:
    """What the actor may be handed, in working order."""
    wanted, seen = _handed_out_to(actor), list[UUID]()
    while found := queue.candidates(work, scope, wanted, seen, _LOOKS, spared):
        yield from (candidate for candidate in found if may_judge_it(work, actor, candidate))
        seen += [candidate.id for candidate in found]


def _handed_out_to(actor: Actor) -> Wanted:
    return Wanted(state=CaseState.OPEN) if actor.role is Role.MODERATOR else Wanted()


def claim(work: Work, actor: Actor, case_id: UUID, version: int) -> bodies.CaseLine:
    """Say: I look at this. Raises Claimed while another does, Stale when it moved on meanwhile."""
    case = get_case(work, actor, "case.claim", case_id, lock=True)
    check_free(work, actor, case)
    check_version(work, actor, case, version)
    check_judge(work, actor, case)
    if case.open_key is None:
        raise NotNow("This case is closed.")
    _hold(work, actor, case)
    audit.append(work, actor.id, "case.claim", case.id)
    return lines(work, actor, [case])[0]


def release(work: Work, actor: Actor, case_id: UUID) -> bodies.CaseLine:
    """Give the case back to the queue. Raises Claimed when another holds it."""
    case = get_case(work, actor, "case.claim", case_id, lock=True)
    check_free(work, actor, case)
    if case.claimed_by == actor.id:
        let_go(work, case)
        audit.append(work, actor.id, "case.release", case.id)
    return lines(work, actor, [case])[0]


def hand_off(work: Work, actor: Actor, case_id: UUID) -> bodies.CaseLine:
    """Not for me today: the case goes back, and to others first while one of them is free.

    Nobody asks why, and the log says no more than of any other. Raises Claimed when another holds it.
    """
    case = get_case(work, actor, "case.claim", case_id, lock=True)
    check_free(work, actor, case)
    guard.note_given_back(work, actor, case)
    return release(work, actor, case_id)


def let_go(work: Work, case: Case) -> None:
    """Nobody holds this case any more."""
    case.claimed_by = case.claimed_until = None
    case.version += 1
    work.session.add(case)
    announce(work, case)


def change_shift(work: Work, actor: Actor, *, on: bool) -> bodies.Me:
    """Begin or end a shift; at its end, what was claimed goes back to the queue."""
    check(actor, "shift.change")
    running = people.open_shift(work, actor.id)
    if on and running is None:
        guard.begin(work, Shift(member_id=actor.id, started_at=work.now))
        work.announce(ShiftChanged(actor.id, True))
    elif running and not on:
        end_shift(work, running)
    if on != (running is not None):
        work.session.flush()
        audit.append(work, actor.id, "shift.on" if on else "shift.off", actor.id)
    return accounts.get_me(work, actor)


def end_shift(work: Work, running: Shift) -> None:
    """The shift is over and its claims are free."""
    running.ended_at = work.now
    work.session.add(running)
    release_all(work, running.member_id)
    counted.forget(work, running.id)
    work.announce(ShiftChanged(running.member_id, False))


def release_all(work: Work, member_id: UUID, room_id: UUID | None = None) -> None:
    """Everything a member holds, in one room or anywhere, goes back to the queue."""
    for case in queue.held_by(work, member_id):
        if room_id in (None, case.room_id):
            let_go(work, case)


def not_assessed(work: Work, actor: Actor, room_id: UUID | None) -> bodies.NotAssessed:
    """The newest messages that nothing has read, in one room or in all that the actor keeps."""
    check(actor, "not_assessed.read")
    scope = scope_of(work, actor)
    room_ids = [room for room in scope.rooms if room_id in (None, room)]
    found = assessments.unread(work, room_ids, _NOT_ASSESSED_SHOWN + 1)
    shown = [
        _not_assessed_line(work, message, why) for message, why in found[-_NOT_ASSESSED_SHOWN:]
    ]
    audit.append(work, actor.id, "not_assessed.read", room_id)
    return bodies.NotAssessed(messages=shown, older=len(found) > _NOT_ASSESSED_SHOWN)


def scope_of(work: Work, actor: Actor) -> Scope:
    """The rooms whose cases the actor may see, by the access table."""
    seats = {room: relation_of(held.seat) for room, held in rooms.seats_of(work, actor.id).items()}
    kept = {room for room, relation in seats.items() if relation is Relation.KEEPER}
    cared = {room for room, relation in seats.items() if relation is Relation.CARER}
    return Scope(
        kept=frozenset(kept if actor.role is Role.MODERATOR else ()),
        cared=frozenset(cared if actor.role is Role.CLINICIAN else ()),
        viewer=actor.id,
        outside=actor.role in {Role.MODERATOR, Role.STEWARD},
        inside=frozenset(kept | cared),
    )


def lines(work: Work, actor: Actor, found: Sequence[Case]) -> list[bodies.CaseLine]:
    """Cases as the queue shows them: no text."""
    flags = cases.words_by_case(work, [case.id for case in found])
    names = cases.room_names(work, {case.room_id for case in found})
    holders = cases.member_names(work, {case.claimed_by for case in found if case.claimed_by})
    outcomes = escalations.outcomes_of(work, [case.id for case in found])
    clocks = outside.clocks_of(work, [case.id for case in found])
    return [
        _line(
            work,
            actor,
            case,
            names,
            holders,
            flags.get(case.id, []),
            outcomes[case.id][-1].action if case.id in outcomes else None,
            clocks.get(case.id),
        )
        for case in found
    ]


def _line(
    work: Work,
    actor: Actor,
    case: Case,
    names: Mapping[UUID, str],
    holders: Mapping[UUID, str],
    flags: Sequence[Sequence[str]],
    answered: str | None,
    clock: outside.OnCase | None,
) -> bodies.CaseLine:
    holder = case.claimed_by if is_claimed(case, work.now) else None
    known: dict[str, Any] = {field: getattr(case, field) for field in _SAME}
    known["answered"] = answered
    return bodies.CaseLine(
        **known,
        room=case.room_id,
        room_name=names[case.room_id],
        claimed_by=holders.get(holder) if holder else None,
        claimed_by_me=holder == actor.id,
        claimed_until=case.claimed_until if holder else None,
        seen_by_a_person=case.first_human_at is not None,
        flags=len(flags),
        rung=ladder.reached(case),
        why=list(dict.fromkeys(words for flag in flags for words in flag)),
        take_down=_take_down(clock) if clock else None,
    )


def _take_down(clock: outside.OnCase) -> TakeDown:
    kind: Any = clock.kind
    return TakeDown(kind=kind, since=clock.at, due_at=clock.due_at, reports=clock.reports)


def _hold(work: Work, actor: Actor, case: Case) -> None:
    if case.claimed_by != actor.id or not is_claimed(case, work.now):
        case.version += 1
    case.claimed_by, case.claimed_until = actor.id, work.now + LEASE
    work.session.add(case)
    work.session.flush()
    announce(work, case)


def _counts(found: Mapping[str, int]) -> dict[Any, int]:
    return {str(urgency): found.get(urgency, 0) for urgency in Urgency}


def _urgent_outside(work: Work, scope: Scope, wanted: Wanted, counts: Mapping[str, int]) -> int:
    if wanted == Wanted():
        return 0
    return counts.get(Urgency.NOW, 0) - queue.count_urgent(work, scope, wanted)


def _on_shift(work: Work, scope: Scope) -> list[str]:
    names = rooms.on_shift(work, list(scope.rooms)).values()
    return sorted({name for room_names in names for name in room_names})


def _not_assessed_line(work: Work, message: Any, why: str | None) -> bodies.NotAssessedMessage:
    return bodies.NotAssessedMessage(
        id=message.id,
        room=message.room_id,
        author=render.author_in(work, message.room_id, message.author_id),
        text=messages.open_text(work, message) or "",
        at=message.published_at or message.at,
        why=why or "broken",
    )


def _token(last: Placed, as_of: datetime) -> str:
    case = last.case
    parts = (as_of, last.rank, case.due_at, case.opened_at, case.id)
    text = "|".join(part.isoformat() if isinstance(part, datetime) else str(part) for part in parts)
    return base64.urlsafe_b64encode(text.encode()).decode()


def _read_token(token: str) -> Position:
    """Raises BadFrame when it is not one of ours."""
    try:
        parts = base64.b64decode(token.encode("ascii"), b"-_", validate=True).decode().split("|")
        as_of, rank, due_at, opened_at, case_id = parts
        times = [datetime.fromisoformat(text) for text in (as_of, due_at, opened_at)]
        position = Position(times[0], int(rank), times[1], times[2], UUID(case_id))
    except (ValueError, binascii.Error):
        raise BadFrame from None
    if any(time.tzinfo is None for time in times) or not 0 <= position.rank < 100:
        raise BadFrame
    return position
