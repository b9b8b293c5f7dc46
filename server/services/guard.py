"""The wellbeing guard: it hands the hard cases to whoever is free, and tells nobody else why.

It counts what was opened and never guesses how anybody is. It offers and never withholds: whoever
asks may have the hard case anyway, a person in danger waits two minutes for somebody else at most,
and where nobody else is free nothing changes at all.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Literal
from uuid import UUID

from moderation import triage
from moderation.urgency import Urgency
from server.access import Actor, Role, check
from server.errors import NotNow
from server.protocol import guard as wire
from server.services.case_access import had_no_part
from server.services.small_cells import SMALLEST_GROUP, Cell, count, shown_value
from server.store import audit, guard, rooms
from server.store.queue import HARD_HANDLINGS, Scope, Spared
from server.store.tables import Case, GuardChoice, GuardShift, Shift
from server.store.work import ShiftChanged, Work

BUDGET = 6
"""Hard cases in one shift. We know of no measured limit: this one is ours, and each may set another."""
OTHERS_HAVE = timedelta(minutes=2)
"""How long a person in danger may wait for somebody else who is free."""
_WEEKS = 4
_WEEK = timedelta(days=7)

Why = Literal["budget", "in_a_row", "given_back"]


@dataclass(frozen=True, slots=True)
class Mind:
    """What is left to others for now, and why. why: for hard cases, None when they are not spared."""

    spared: Spared = field(default_factory=Spared)
    why: Literal["budget", "in_a_row"] | None = None

    def why_not(self, case: Case) -> Why | None:
        """Why this case was passed over."""
        return "given_back" if case.id in self.spared.cases else self.why


def is_hard(case: Case) -> bool:
    """Somebody may be in danger, or its words were folded or held back to shelter others."""
    return case.urgency == Urgency.NOW or case.handling in HARD_HANDLINGS


def mind(work: Work, actor: Actor, scope: Scope) -> Mind:
    """What the next case should not be while somebody else is free for it."""
    running = guard.running(work, actor.id)
    if running is None:
        return Mind()
    seat = str(actor.role)
    kept = scope.kept if actor.role is Role.MODERATOR else scope.cared
    free = guard.free(work, kept, seat, BUDGET)
    others = {room: who - {actor.id} for room, who in free.items() if who - {actor.id}}
    why = _why(work, running)
    return Mind(
        Spared(
            hard_in=others if why else {},
            cases=_left_to_others(work, running, others),
            since=work.now - OTHERS_HAVE,
        ),
        why,
    )


def note_opened(work: Work, actor: Actor, case: Case) -> None:
    """Count a case that is opened for the first time in this shift."""
    running = guard.running(work, actor.id)
    if running is None or not _choice(work, actor.id).is_on:
        return
    if guard.open_once(work, running.shift_id, case.id):
        hard = is_hard(case)
        guard.count(
            work,
            running.shift_id,
            hard=GuardShift.hard + int(hard),
            last_was_hard=hard,
        )


def note_closed(work: Work, actor: Actor, case: Case) -> None:
    """Whoever closes a crisis case in their shift is offered a pause."""
    running = guard.running(work, actor.id)
    if running and case.urgency == Urgency.NOW and _choice(work, actor.id).is_on:
        guard.count(work, running.shift_id, offer=True)


def note_given_back(work: Work, actor: Actor, case: Case) -> None:
    """Not for me today: it goes to others first for the rest of this shift."""
    running = guard.running(work, actor.id)
    if running:
        guard.give_back(work, running.shift_id, case.id)
        guard.count(work, running.shift_id, hand_offs=GuardShift.hand_offs + 1)


def begin(work: Work, shift: Shift) -> None:
    """A shift starts at nought."""
    work.session.add(shift)
    work.session.flush()
    work.session.add(GuardShift(shift_id=shift.id, member_id=shift.member_id))


# --- for oneself ---


def read_mine(work: Work, actor: Actor) -> wire.Guard:
    """One's own guard, as it stands."""
    check(actor, "guard.own")
    work.flush()
    choice, running = _choice(work, actor.id), guard.running(work, actor.id)
    until = running.paused_until if running else None
    paused_until = until if until and until > work.now else None
    mine = rooms.seats_of(work, actor.id) if paused_until else {}
    return wire.Guard(
        on=choice.is_on,
        budget=choice.budget,
        hard=running.hard if running else None,
        paused_until=paused_until,
        covered=sorted(guard.covered(work, mine, actor.id)),
        offer=running.offer if running else False,
    )


def change_mine(work: Work, actor: Actor, patch: wire.GuardPatch) -> wire.Guard:
    """Set what was given. Switched off, nothing is counted, and nothing is spared."""
    check(actor, "guard.own")
    choice = _choice(work, actor.id)
    choice.is_on = choice.is_on if patch.on is None else patch.on
    choice.budget = patch.budget or choice.budget
    work.session.add(choice)
    running = guard.running(work, actor.id)
    if running and not choice.is_on:
        guard.count(work, running.shift_id, hard=0, last_was_hard=False, offer=False)
    return read_mine(work, actor)


def pause(work: Work, actor: Actor, minutes: int) -> wire.Guard:
    """A few minutes without being counted on; the shift goes on. Raises NotNow off shift."""
    check(actor, "guard.own")
    running = guard.running(work, actor.id)
    if running is None:
        raise NotNow("A pause belongs to a shift, and you are on none.")
    begins = running.paused_until is None or running.paused_until <= work.now
    guard.count(
        work,
        running.shift_id,
        paused_until=work.now + timedelta(minutes=minutes),
        pauses=GuardShift.pauses + int(begins),
        offer=False,
    )
    work.announce(ShiftChanged(actor.id, True))
    return read_mine(work, actor)


def end_pause(work: Work, actor: Actor) -> wire.Guard:
    """Back, or the offer is skipped."""
    check(actor, "guard.own")
    running = guard.running(work, actor.id)
    if running:
        guard.count(work, running.shift_id, paused_until=None, offer=False)
        work.announce(ShiftChanged(actor.id, True))
    return read_mine(work, actor)


# --- for whoever leads: nobody in particular ---


def read_totals(work: Work, actor: Actor) -> wire.GuardTotals:
    """The last calendar weeks that are over. Looking leaves an audit line, so this is a `do`.

    Only whole weeks, and only shifts that have ended: the difference of two looks says nothing.
    """
    check(actor, "steward.wellbeing")
    monday = work.now.astimezone(UTC).date() - timedelta(days=work.now.astimezone(UTC).weekday())
    newest = datetime.combine(monday, time(), UTC)
    weeks = [_week(work, newest - number * _WEEK) for number in range(1, _WEEKS + 1)]
    audit.append(work, actor.id, "steward.wellbeing", None)
    return wire.GuardTotals(weeks=weeks, smallest_group=SMALLEST_GROUP)


def _week(work: Work, start: datetime) -> wire.GuardWeek:
    shifts = guard.ended(work, start, start + _WEEK)
    hard = count(one.member for one in shifts for _ in range(one.hard))
    mean = hard.value / len(shifts) if hard.value and shifts else None
    return wire.GuardWeek(
        start=start,
        end=start + _WEEK,
        shifts=_figure(count(one.member for one in shifts)),
        hard_cases=_figure(hard),
        hard_per_shift=_figure(Cell(mean, hard.people, hidden=hard.hidden, step=1)),
        pauses=_figure(count(one.member for one in shifts for _ in range(one.pauses))),
        hand_offs=_figure(count(one.member for one in shifts for _ in range(one.hand_offs))),
    )


def _figure(cell: Cell) -> wire.Figure:
    value = shown_value(cell)
    shown = value is not None
    return wire.Figure(value=value, shown=shown, rounded_to=cell.step if shown else None)


def _choice(work: Work, member_id: UUID) -> GuardChoice:
    found = guard.find_choice(work, member_id)
    return found or GuardChoice(member_id=member_id, is_on=True, budget=BUDGET)


def _why(work: Work, running: GuardShift) -> Literal["budget", "in_a_row"] | None:
    choice = _choice(work, running.member_id)
    if not choice.is_on:
        return None
    if running.hard >= choice.budget:
        return "budget"
    return "in_a_row" if running.last_was_hard else None


def _left_to_others(
    work: Work, running: GuardShift, others: dict[UUID, frozenset[UUID]]
) -> frozenset[UUID]:
    """What was given back, while somebody is free who could take it and has had little time to."""
    return frozenset(
        case.id
        for case, at in guard.given_back(work, running.shift_id)
        if work.now < at + _patience(case) and _can_take(work, case, others)
    )


def _patience(case: Case) -> timedelta:
    urgency = Urgency(case.urgency)
    return OTHERS_HAVE if urgency is Urgency.NOW else triage.DUE[urgency]


def _can_take(work: Work, case: Case, others: dict[UUID, frozenset[UUID]]) -> bool:
    free = others.get(case.room_id, frozenset()) - guard.gave_it_back(work, case.id)
    return any(had_no_part(work, who, case) for who in free - {case.subject_id})
