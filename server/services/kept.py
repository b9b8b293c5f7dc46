"""For half a minute whoever decided may take it back. What protects others happens at once and is undone
in full; what would be read by the author waits, so that what was taken back was never said."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from moderation.cases import Action
from server.access import Actor
from server.services import appeals
from server.services.judged import Judged
from server.store import cases, rooms
from server.store import undo as stored
from server.store.tables import Case, Decision, Message, Timer, Undo
from server.store.work import Work

UNDO_FOR = timedelta(seconds=30)
"""Long enough to notice a slip of the hand; short enough that nobody waits for kind words."""
_AT_ONCE = frozenset({Action.HIDE, Action.PAUSE, Action.REMOVE_MEMBER})
"""These protect somebody."""
_WAIT = frozenset(
    {Action.DISMISS, Action.CARE_NOTE, Action.WARN, Action.UPHOLD, Action.OVERTURN, Action.CHANGE}
)
"""Words cannot be unsaid. Whoever is reached out to or sent help lines waits for nothing."""


def keep_decision(work: Work, judged: Judged) -> bool | None:
    """Remember what a decision is about to change. Returns whether its effect waits; None: it is final.

    Raises BadFrame or NotNow for what could not be carried out later.
    """
    action = Action(judged.asked.action)
    if action not in _AT_ONCE | _WAIT:
        return None
    if action is Action.CHANGE:
        appeals.check_change(work, judged.case, judged.asked.minutes)
    words = judged.asked.words
    sealed = stored.seal_words(work, judged.case, judged.decision, words) if words else None
    keep(
        work, judged.actor, judged.case, judged.message, judged.decision,
        waits=action in _WAIT, sealed=sealed, later={"minutes": judged.asked.minutes},
    )  # fmt: skip
    return action in _WAIT


def keep(
    work: Work,
    actor: Actor,
    case: Case,
    message: Message | None,
    decision: Decision,
    *,
    waits: bool,
    sealed: bytes | None = None,
    later: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Remember a case as it is, before `decision` changes it, for as long as that can be taken back.

    waits: what it does and says comes only then; later: what that needs to know, no words.
    """
    undo = Undo(
        decision_id=decision.id,
        case_id=case.id,
        step=stored.next_step(work, case.id),
        until=work.now + UNDO_FOR,
        waits=waits,
        before=_as_it_is(work, case, message) | {"role": str(actor.role), **later},
        sealed=sealed,
    )
    timer = Timer(case_id=case.id, kind=stored.SETTLE, step=undo.step, due_at=undo.until)
    work.session.add_all([undo, timer])
    work.session.flush()


def strike(work: Work, case: Case, decision_id: UUID) -> None:
    """A decision no longer stands: it counts for nothing against anybody."""
    row = stored.of_decision(work, decision_id) or Undo(
        decision_id=decision_id, case_id=case.id, step=stored.next_step(work, case.id),
        until=work.now, waits=False, before={}, done_at=work.now,
    )  # fmt: skip
    row.undone_at = work.now
    work.session.add(row)
    work.session.flush()


def still_open(work: Work, actor: Actor, case: Case) -> tuple[Undo, Decision] | None:
    """What this actor may take back now."""
    found = stored.newest_open(work, case.id, actor.id)
    return None if found is None or decided_since(work, case, found[1]) else found


def decided_since(work: Work, case: Case, decision: Decision) -> bool:
    """Whether anybody has done something with the case after this, and it stands."""
    undone = stored.undone_of(work, case.id)
    later = [one for one in cases.decisions_of(work, case.id) if one.id > decision.id]
    return any(one.id not in undone and one.action != "undo" for one in later)


def _as_it_is(work: Work, case: Case, message: Message | None) -> dict[str, Any]:
    seat = rooms.find_any_seat(work, case.room_id, case.subject_id)
    return {
        "state": str(case.state),
        "open_key": case.open_key,
        "first_human_at": _iso(case.first_human_at),
        "urgency": str(case.urgency),
        "due_at": _iso(case.due_at),
        "handling": case.handling,
        "message": message.state if message else None,
        "collapsed_by": message.collapsed_by if message else None,
        "seat": seat.seat if seat and seat.left_at is None else None,
        "paused_until": _iso(seat.paused_until) if seat else None,
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
