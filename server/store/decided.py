"""What cases were raised by, and what became of them: ids and codes, never words."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlmodel import col, func, select

from moderation.cases import CLINICIANS_ONLY, Action
from moderation.labels import RULE_WRONG
from server.store.tables import (
    Assessment,
    Case,
    CaseFlag,
    Decision,
    Message,
    Notice,
    Room,
    WrongRule,
)
from server.store.undo import is_undone
from server.store.work import Work

MACHINE: Final = ("classifier", "lexicon", "refused")
PEOPLE: Final = ("member", "moderator", "outside")
"""Sources of a flag. What the clock asks for (a later look) is neither."""


class Raised(NamedTuple):
    """A case. in_room: False in a private conversation."""

    id: UUID
    message: UUID | None
    opened_at: datetime
    in_room: bool


class Flagged(NamedTuple):
    """A flag on it."""

    case: UUID
    source: str
    reasons: list[str]
    at: datetime


class Acted(NamedTuple):
    """A decision on it."""

    case: UUID
    id: UUID
    action: str


def cases_since(work: Work, since: datetime) -> list[Raised]:
    """Cases that opened since, in their order, when a person or the machine asked for a look."""
    query = (
        select(Case.id, Case.message_id, Case.opened_at, Room.kind)
        .join(Room, col(Room.id) == Case.room_id)
        .where(
            col(Case.opened_at) >= since,
            col(Case.kind).not_in(("appeal", "look_again", *CLINICIANS_ONLY)),
        )
        .order_by(col(Case.opened_at), col(Case.id))
    )
    return [
        Raised(case_id, message_id, opened_at, kind == "room")
        for case_id, message_id, opened_at, kind in _rows(work, query)
    ]


def flags_since(work: Work, since: datetime) -> list[Flagged]:
    """All flags of these cases, oldest first."""
    query = (
        select(CaseFlag.case_id, CaseFlag.source, CaseFlag.reasons, CaseFlag.at)
        .join(Case, col(Case.id) == CaseFlag.case_id)
        .where(col(Case.opened_at) >= since)
        .order_by(col(CaseFlag.at), col(CaseFlag.id))
    )
    return [Flagged(*row) for row in _rows(work, query)]


def decisions_since(work: Work, since: datetime) -> list[Acted]:
    """All decisions on these cases that were not taken back, oldest first; then who called a rule wrong."""
    query = (
        select(Decision.case_id, Decision.id, Decision.action)
        .join(Case, col(Case.id) == Decision.case_id)
        .where(col(Case.opened_at) >= since, ~is_undone(), Decision.action != "undo")
        .order_by(col(Decision.at), col(Decision.id))
    )
    wrong = (
        select(WrongRule.case_id, WrongRule.id)
        .join(Case, col(Case.id) == WrongRule.case_id)
        .where(col(Case.opened_at) >= since)
        .order_by(col(WrongRule.at), col(WrongRule.id))
    )
    called_wrong = [Acted(case, call, RULE_WRONG) for case, call in _rows(work, wrong)]
    return [*(Acted(*row) for row in _rows(work, query)), *called_wrong]


def overturned(work: Work) -> tuple[frozenset[UUID], frozenset[UUID]]:
    """What a person undid on appeal: decisions, and messages that the machine had held or folded.

    What only lapsed, because nobody could judge it, is not among them.
    """
    by_person = select(Case.appeal_of).join(Decision, col(Decision.case_id) == Case.id)
    query = select(Notice.decision_id, Notice.message_id, Notice.automated).where(
        col(Notice.id).in_(by_person.where(Decision.action == Action.OVERTURN))
    )
    found = _rows(work, query)
    decisions = {decision for decision, _, _ in found if decision}
    machine = {message for decision, message, by_itself in found if by_itself and not decision}
    return frozenset(decisions), frozenset(machine - {None})


def first_raised(work: Work, since: datetime) -> dict[UUID, datetime]:
    """When the machine first asked for a look at each message of these cases, in whichever case."""
    messages = select(Case.message_id).where(
        col(Case.opened_at) >= since, col(Case.message_id).is_not(None)
    )
    query = (
        select(Case.message_id, func.min(CaseFlag.at))
        .join(CaseFlag, col(CaseFlag.case_id) == Case.id)
        .where(col(CaseFlag.source).in_(MACHINE), col(Case.message_id).in_(messages))
        .group_by(col(Case.message_id))
    )
    return dict(_rows(work, query))


def readings_since(work: Work, since: datetime) -> Sequence[tuple[UUID, datetime, str]]:
    """Message, time and model of every reading of these cases' messages, oldest first."""
    messages = select(Case.message_id).where(
        col(Case.opened_at) >= since, col(Case.message_id).is_not(None)
    )
    query = (
        select(Assessment.message_id, Assessment.at, Assessment.model)
        .where(col(Assessment.message_id).in_(messages), col(Assessment.assessed).is_(True))
        .order_by(col(Assessment.at), col(Assessment.id))
    )
    return _rows(work, query)


def messages_of(work: Work, message_ids: Sequence[UUID]) -> dict[UUID, Message]:
    """The messages themselves, some thousands at a time."""
    found: dict[UUID, Message] = {}
    for start in range(0, len(message_ids), _PAGE):
        part = message_ids[start : start + _PAGE]
        query = select(Message).where(col(Message.id).in_(part))
        found |= {message.id: message for message in work.session.exec(query)}
    return found


_PAGE: Final = 1_000
"""Below what either engine allows in one list."""


def _rows(work: Work, query: Any) -> Sequence[Any]:
    found: Sequence[Any] = work.session.exec(query).all()
    return found
