"""Queries about questionnaires, and the sealing of answers under the key of whoever gave them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select, update

from server.store.consents import stands
from server.store.sealing import Spot, Unreadable
from server.store.tables import (
    Consent,
    CourseAlert,
    MeasureAsk,
    MeasurePlan,
    MeasureResponse,
    Member,
    Membership,
)
from server.store.work import Work

ASKED, LATER, NEVER, DONE, PASSED = "asked", "later", "never", "done", "passed"


@dataclass(frozen=True, slots=True)
class Finished:
    """One questionnaire as it was finished. total: None when an answer was missing."""

    id: UUID
    member: UUID
    room: UUID | None
    measure: str
    edition: str
    at: datetime
    answers: Mapping[str, int]
    total: int | None


# --- answers ---


def find_open(work: Work, member_id: UUID, measure: str) -> MeasureResponse | None:
    """What the member has begun and not finished, locked until the commit where the engine locks rows."""
    query = select(MeasureResponse).where(
        MeasureResponse.open_key == _response_key(member_id, measure)
    )
    query = query.with_for_update().execution_options(populate_existing=True)
    return work.session.exec(query).first()


def begin(
    work: Work, member_id: UUID, measure: str, edition: str, room_id: UUID | None
) -> MeasureResponse:
    """A new one without answers; or the one that another device began first."""
    response = MeasureResponse(
        member_id=member_id, room_id=room_id, measure=measure, edition=edition,
        open_key=_response_key(member_id, measure), started_at=work.now, sealed=b"",
    )  # fmt: skip
    _seal(work, response, {}, None)
    work.session.flush()
    try:
        with work.session.begin_nested():
            work.session.add(response)
    except IntegrityError:
        return find_open(work, member_id, measure) or begin(
            work, member_id, measure, edition, room_id
        )
    return response


def keep(work: Work, response: MeasureResponse, answers: Mapping[str, int]) -> None:
    """The answers as they stand now."""
    _seal(work, response, answers, None)
    work.session.add(response)
    work.session.flush()


def finish(
    work: Work, response: MeasureResponse, answers: Mapping[str, int], total: int | None
) -> None:
    """No answer changes any more."""
    _seal(work, response, answers, total)
    response.finished_at, response.open_key = work.now, None
    work.session.add(response)
    work.session.flush()


def drop(work: Work, response: MeasureResponse) -> None:
    """Forget one that was not finished."""
    work.session.delete(response)
    work.session.flush()


def answers_of(work: Work, response: MeasureResponse) -> dict[str, int]:
    """What was answered so far; nothing where it can no longer be read."""
    return dict(_open(work, response).get("answers", {}))


def finished(work: Work, member_id: UUID, measure: str | None = None) -> list[Finished]:
    """A member's finished questionnaires, oldest first; those that can still be read."""
    query = select(MeasureResponse).where(
        MeasureResponse.member_id == member_id, col(MeasureResponse.finished_at).is_not(None)
    )
    if measure is not None:
        query = query.where(MeasureResponse.measure == measure)
    query = query.order_by(col(MeasureResponse.finished_at), col(MeasureResponse.id))
    found = [_finished(work, row) for row in work.session.exec(query)]
    return [one for one in found if one is not None]


# --- who is asked when ---


def plans_of(work: Work, room_id: UUID) -> Sequence[MeasurePlan]:
    """What a group is asked now."""
    query = select(MeasurePlan).where(
        MeasurePlan.room_id == room_id, col(MeasurePlan.open_key).is_not(None)
    )
    return work.session.exec(query.order_by(MeasurePlan.measure)).all()


def find_plan(work: Work, room_id: UUID, measure: str) -> MeasurePlan | None:
    """The running one, locked until the commit where the engine locks rows."""
    query = select(MeasurePlan).where(MeasurePlan.open_key == plan_key(room_id, measure))
    query = query.with_for_update().execution_options(populate_existing=True)
    return work.session.exec(query).first()


def plan_key(room_id: UUID, measure: str) -> str:
    """What makes a running plan unique."""
    return f"{room_id}:{measure}"


def due_plans(work: Work) -> Sequence[UUID]:
    """Running plans whose next round is due."""
    query = select(MeasurePlan.id).where(
        col(MeasurePlan.open_key).is_not(None), col(MeasurePlan.next_at) <= work.now
    )
    return work.session.exec(query.order_by(col(MeasurePlan.next_at))).all()


def take_due(work: Work, plan_id: UUID) -> MeasurePlan | None:
    """One that is still due, locked where the engine locks rows."""
    query = select(MeasurePlan).where(
        MeasurePlan.id == plan_id,
        col(MeasurePlan.open_key).is_not(None),
        col(MeasurePlan.next_at) <= work.now,
    )
    query = query.with_for_update().execution_options(populate_existing=True)
    return work.session.exec(query).first()


def agreed(work: Work, room_id: UUID, scope: str) -> Sequence[Member]:
    """Active members of a group whose consent of this scope to its clinicians stands, by name."""
    given = select(Consent.member_id).where(Consent.room_id == room_id, stands(scope, work.now))
    query = (
        select(Member)
        .join(Membership, col(Membership.member_id) == Member.id)
        .where(
            Membership.room_id == room_id,
            col(Membership.left_at).is_(None),
            Member.state == "active",
            col(Member.id).in_(given),
        )
        .order_by(Member.pseudonym)
    )
    return work.session.exec(query).all()


def said_never(work: Work, room_id: UUID, measure: str) -> set[UUID]:
    """Who does not want to be asked this by this group any more."""
    query = select(MeasureAsk.member_id).where(
        MeasureAsk.room_id == room_id, MeasureAsk.measure == measure, MeasureAsk.state == NEVER
    )
    return set(work.session.exec(query.distinct()).all())


def pass_over(work: Work, plan_id: UUID) -> None:
    """A new round: what was asked before and left open is asked no more."""
    change = (
        update(MeasureAsk)
        .where(col(MeasureAsk.plan_id) == plan_id, col(MeasureAsk.state).in_((ASKED, LATER)))
        .values(state=PASSED)
        .execution_options(synchronize_session="fetch")
    )
    work.session.exec(change)


def answered(work: Work, member_id: UUID, measure: str) -> None:
    """It was finished: whoever asked has their answer."""
    change = (
        update(MeasureAsk)
        .where(
            col(MeasureAsk.member_id) == member_id,
            col(MeasureAsk.measure) == measure,
            col(MeasureAsk.state).in_((ASKED, LATER)),
        )
        .values(state=DONE, at=work.now)
        .execution_options(synchronize_session="fetch")
    )
    work.session.exec(change)


def asks_of(work: Work, member_id: UUID) -> Sequence[MeasureAsk]:
    """What a member was asked and has not answered, and what they want no more, newest first."""
    query = select(MeasureAsk).where(
        MeasureAsk.member_id == member_id, col(MeasureAsk.state).in_((ASKED, LATER, NEVER))
    )
    return work.session.exec(query.order_by(col(MeasureAsk.round_at).desc())).all()


def find_ask(work: Work, member_id: UUID, ask_id: UUID) -> MeasureAsk | None:
    """One of this member's."""
    query = select(MeasureAsk).where(MeasureAsk.id == ask_id, MeasureAsk.member_id == member_id)
    return work.session.exec(query).first()


def newest_asks(work: Work, member_id: UUID, room_id: UUID) -> dict[str, MeasureAsk]:
    """The newest by this group, by questionnaire."""
    query = select(MeasureAsk).where(
        MeasureAsk.member_id == member_id, MeasureAsk.room_id == room_id
    )
    return {ask.measure: ask for ask in work.session.exec(query.order_by(col(MeasureAsk.round_at)))}


# --- courses that are not as expected ---


def add_alert(work: Work, alert: CourseAlert, reason: Mapping[str, Any]) -> bool:
    """Keep it with its reason; False when one stands open already."""
    alert.sealed = work.sealer.seal(alert.member_id, json.dumps(reason), _alert_spot(alert))
    work.session.flush()
    try:
        with work.session.begin_nested():
            work.session.add(alert)
    except IntegrityError:
        return False
    return True


def alert_key(room_id: UUID, member_id: UUID, measure: str) -> str:
    """What makes an open alert unique."""
    return f"{room_id}:{member_id}:{measure}"


def has_open_alert(work: Work, key: str) -> bool:
    """Whether one stands open under this key."""
    query = select(CourseAlert.id).where(CourseAlert.open_key == key)
    return work.session.exec(query).first() is not None


def alerts_of(
    work: Work, room_id: UUID, member_id: UUID | None = None, *, only_open: bool = False
) -> Sequence[CourseAlert]:
    """Those of a group, or of one member in it, newest first."""
    query = select(CourseAlert).where(CourseAlert.room_id == room_id)
    if member_id is not None:
        query = query.where(CourseAlert.member_id == member_id)
    if only_open:
        query = query.where(col(CourseAlert.open_key).is_not(None))
    return work.session.exec(query.order_by(col(CourseAlert.raised_at).desc())).all()


def find_alert(work: Work, room_id: UUID, alert_id: UUID) -> CourseAlert | None:
    """One of this group's, locked until the commit where the engine locks rows."""
    query = select(CourseAlert).where(CourseAlert.id == alert_id, CourseAlert.room_id == room_id)
    query = query.with_for_update().execution_options(populate_existing=True)
    return work.session.exec(query).first()


def open_reason(work: Work, alert: CourseAlert) -> Mapping[str, Any] | None:
    """Why it was raised; None when that can no longer be read."""
    try:
        found: Mapping[str, Any] = json.loads(
            work.sealer.open(alert.member_id, alert.sealed, _alert_spot(alert))
        )
    except Unreadable:
        return None
    return found


def close_alert(work: Work, alert: CourseAlert, by: UUID, outcome: str) -> None:
    """A clinician has looked, and says what came of it."""
    alert.open_key, alert.closed_at, alert.closed_by = None, work.now, by
    alert.outcome = work.sealer.seal(by, outcome, _outcome_spot(alert))
    work.session.add(alert)
    work.session.flush()


def reopen_alert(work: Work, alert: CourseAlert) -> bool:
    """It was closed by mistake; what was said of it stays. False when another stands open already."""
    alert.open_key = alert_key(alert.room_id, alert.member_id, alert.measure)
    alert.closed_at = None
    try:
        with work.session.begin_nested():
            work.session.add(alert)
    except IntegrityError:
        return False
    return True


def open_outcome(work: Work, alert: CourseAlert) -> str | None:
    """What came of it, where it was closed once and that can be read."""
    if alert.closed_by is None:
        return None
    return work.sealer.opened(alert.closed_by, alert.outcome, _outcome_spot(alert))


def _response_key(member_id: UUID, measure: str) -> str:
    return f"{member_id}:{measure}"


def _seal(
    work: Work, response: MeasureResponse, answers: Mapping[str, int], total: int | None
) -> None:
    text = json.dumps({"answers": dict(answers), "total": total})
    response.sealed = work.sealer.seal(response.member_id, text, _response_spot(response))


def _open(work: Work, response: MeasureResponse) -> Mapping[str, Any]:
    try:
        text = work.sealer.open(response.member_id, response.sealed, _response_spot(response))
    except Unreadable:
        return {}
    found: Mapping[str, Any] = json.loads(text)
    return found


def _finished(work: Work, response: MeasureResponse) -> Finished | None:
    found = _open(work, response)
    if not found or response.finished_at is None:
        return None
    return Finished(
        id=response.id,
        member=response.member_id,
        room=response.room_id,
        measure=response.measure,
        edition=response.edition,
        at=response.finished_at,
        answers=found["answers"],
        total=found["total"],
    )


def _response_spot(response: MeasureResponse) -> Spot:
    return Spot("measure_response", "sealed", response.id, response.room_id)


def _alert_spot(alert: CourseAlert) -> Spot:
    return Spot("course_alert", "sealed", alert.id, alert.room_id)


def _outcome_spot(alert: CourseAlert) -> Spot:
    return Spot("course_alert", "outcome", alert.id, alert.room_id)
