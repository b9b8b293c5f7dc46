"""DEMO ONLY: makes what was said just now look like a week. Nothing else ever rewrites times.

It runs beside the server while nobody speaks. The audit log is left as it is: its hashes cover its
times, so there it stays visible that this week was made in a minute.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import SQLModel, col, select, update

from moderation import triage
from moderation.urgency import Urgency
from server.demo.filling import Said
from server.store.tables import (
    Assessment,
    Case,
    CaseFlag,
    Consent,
    CourseAlert,
    Decision,
    FeltHeard,
    MeasureResponse,
    Member,
    Membership,
    Message,
    Mood,
    Notice,
    NudgeShown,
    Reaction,
    Room,
    RoomEvent,
)
from server.store.work import Work

_BEFORE_THE_WEEK = timedelta(weeks=12)
_ANSWERED_EVERY = timedelta(weeks=2)
_CHECKED_IN_EVERY = timedelta(days=4)
_NEWEST = timedelta(hours=30)
_APPEAL = timedelta(days=14)
_PAUSE_OF = timedelta(minutes=1)
_TAKES = timedelta(minutes=4)


@dataclass(frozen=True, slots=True)
class Decided:
    """A case that staff of the demo decided, and when that is to have been."""

    case: UUID
    at: datetime


def spread(work: Work, said: Said, now: datetime) -> None:
    """Give every message, and all that hangs on it, the time it was written for."""
    times = {id_: now - timedelta(minutes=minutes) for id_, minutes in said.messages.items()}
    _people_came_before(work, now - _BEFORE_THE_WEEK)
    for message_id, at in times.items():
        _move_message(work, message_id, at)
    for client_id, minutes in said.drafts.items():
        at = now - timedelta(minutes=minutes)
        _set(work, NudgeShown, col(NudgeShown.client_id) == client_id, at=at)
        _set(work, NudgeShown, _ended(client_id), ended_at=at + _PAUSE_OF)
    _move_cases(work, times)


def date_back(work: Work, decided: list[Decided]) -> None:
    """Decisions, what was told about them, and the conversations they began."""
    for one in decided:
        case = work.session.exec(select(Case).where(Case.id == one.case)).one()
        _move_case_end(work, case, one.at)
        _set(work, Decision, col(Decision.case_id) == case.id, at=one.at)
        about = (col(Notice.case_id) == case.id) & col(Notice.decision_id).is_not(None)
        _set(work, Notice, about, at=one.at)
        _set(
            work,
            Notice,
            about & col(Notice.appeal_until).is_not(None),
            appeal_until=one.at + _APPEAL,
        )
        if case.conversation_id:
            _move_conversation(work, case.conversation_id, one.at)


def date_care(work: Work, now: datetime) -> None:
    """Questionnaires and moods: the newest of each member is of yesterday, the others are of weeks before."""
    responses = select(MeasureResponse).order_by(col(MeasureResponse.finished_at).desc())
    seen: Counter[tuple[UUID, str]] = Counter()
    for response in work.session.exec(responses).all():
        key = (response.member_id, response.measure)
        at = now - _NEWEST - seen[key] * _ANSWERED_EVERY
        response.started_at, response.finished_at = at - _TAKES, at
        work.session.add(response)
        _set(work, CourseAlert, col(CourseAlert.response_id) == response.id, raised_at=at)
        seen[key] += 1
    given: Counter[UUID] = Counter()
    for mood in work.session.exec(select(Mood).order_by(col(Mood.id).desc())).all():
        mood.at = now - _NEWEST - given[mood.member_id] * _CHECKED_IN_EVERY
        work.session.add(mood)
        given[mood.member_id] += 1
    _set(work, Consent, col(Consent.room_id).is_not(None), given_at=now - _BEFORE_THE_WEEK)


def _people_came_before(work: Work, at: datetime) -> None:
    """Everybody has been here for a while."""
    everybody = col(Member.id).is_not(None)
    _set(work, Member, everybody, joined_at=at)
    _set(work, Membership, col(Membership.id).is_not(None), joined_at=at)
    _set(work, Consent, col(Consent.id).is_not(None), given_at=at)
    _set(work, Room, col(Room.kind) == "room", created_at=at)
    _set(work, RoomEvent, col(RoomEvent.message_id).is_(None), at=at)


def _move_message(work: Work, message_id: UUID, at: datetime) -> None:
    later = at + 3 * _PAUSE_OF
    _set(work, Message, col(Message.id) == message_id, at=at)
    published = (col(Message.id) == message_id) & col(Message.published_at).is_not(None)
    _set(work, Message, published, published_at=at)
    _set(work, RoomEvent, col(RoomEvent.message_id) == message_id, at=at)
    _set(work, Assessment, col(Assessment.message_id) == message_id, at=at)
    _set(work, Reaction, col(Reaction.message_id) == message_id, at=later)
    _set(work, FeltHeard, col(FeltHeard.message_id) == message_id, at=later)
    _set(work, Notice, col(Notice.message_id) == message_id, at=at)
    appealable = (col(Notice.message_id) == message_id) & col(Notice.appeal_until).is_not(None)
    _set(work, Notice, appealable, appeal_until=at + _APPEAL)


def _move_cases(work: Work, times: Mapping[UUID, datetime]) -> None:
    for case in work.session.exec(select(Case)).all():
        at = times.get(case.message_id) if case.message_id else None
        if at:
            case.opened_at, case.due_at = at, triage.due_at(Urgency(case.urgency), at)
            work.session.add(case)
            _set(work, CaseFlag, col(CaseFlag.case_id) == case.id, at=at)


def _move_case_end(work: Work, case: Case, at: datetime) -> None:
    case.first_human_at = at
    case.closed_at = at if case.closed_at else None
    case.claimed_by = case.claimed_until = None
    work.session.add(case)


def _move_conversation(work: Work, room: UUID, at: datetime) -> None:
    _set(work, Room, col(Room.id) == room, created_at=at)
    _set(work, Message, col(Message.room_id) == room, at=at, published_at=at)
    _set(work, RoomEvent, col(RoomEvent.room_id) == room, at=at)
    _set(work, Membership, col(Membership.room_id) == room, joined_at=at)


def _ended(client_id: UUID) -> ColumnElement[bool]:
    return (col(NudgeShown.client_id) == client_id) & col(NudgeShown.ended_at).is_not(None)


def _set(work: Work, table: type[SQLModel], where: ColumnElement[bool], **values: Any) -> None:
    work.session.exec(update(table).where(where).values(**values))
