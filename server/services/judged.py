"""What one decision knows, and how its author is told."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from moderation.cases import CaseState
from server.access import Actor
from server.protocol import bodies
from server.services import notices, timers
from server.services.cases import announce, mark_human_act
from server.store.tables import Case, Decision, Message
from server.store.work import Work


@dataclass(frozen=True, slots=True)
class Judged:
    """A decision that was appended, and all that its effect needs. The case and message are locked."""

    actor: Actor
    case: Case
    message: Message | None
    decision: Decision
    asked: bodies.NewDecision

    @property
    def words(self) -> str:
        """What was written for the author to read: a note, a first message, or else the reason."""
        return self.asked.words or self.asked.reason


class Touched(Protocol):
    """A case and its message, whoever or whatever acts on them."""

    @property
    def case(self) -> Case:
        """Locked."""

    @property
    def message(self) -> Message | None:
        """What it is about, locked; None when it is about a member."""


def tell_author(
    work: Work,
    judged: Judged,
    kind: str,
    *,
    code: str | None = None,
    words: str | None = None,
    until: datetime | None = None,
    conversation_id: UUID | None = None,
    appealable: bool = False,
) -> None:
    """The author learns what was done, why, and by which role; never by whom."""
    notices.tell(
        work,
        member_id=judged.case.subject_id,
        kind=kind,
        code=code or kind,
        words=words or judged.asked.reason,
        by_role=str(judged.actor.role),
        by=judged.actor.id,
        room_id=judged.case.room_id,
        message_id=judged.case.message_id,
        case_id=judged.case.id,
        decision_id=judged.decision.id,
        conversation_id=conversation_id,
        policy=judged.case.policy,
        until=until,
        appealable=appealable,
    )


def move(work: Work, case: Case, state: CaseState, *, by_person: bool = True) -> None:
    """The case takes its next state; a closed one frees its key and its holder."""
    if by_person:
        mark_human_act(work, case)
    changes: dict[str, Any] = {"state": str(state), "version": case.version + 1}
    if state is CaseState.CLOSED:
        changes |= {"open_key": None, "closed_at": work.now}
    if state is not CaseState.OPEN:
        changes |= {"claimed_by": None, "claimed_until": None}
    for name, value in changes.items():
        setattr(case, name, value)
    work.session.add(case)
    if state is CaseState.CLOSED:
        timers.plan_looks(work, case)
    work.session.flush()
    announce(work, case, alert=state is CaseState.ESCALATED)
