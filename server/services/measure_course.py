"""How somebody's totals go on: for themselves, for their clinicians, and when it is not as expected."""

from typing import Any
from uuid import UUID

from server.measures import Catalogue, Definition
from server.measures.scoring import band, change, off_track
from server.protocol import measures as bodies
from server.services import measure_alarm, notices
from server.store import audit, cases, consents, measures
from server.store.measures import Finished
from server.store.tables import CourseAlert
from server.store.work import Work


def course(work: Work, member_id: UUID, definition: Definition) -> bodies.MeasureCourse:
    """Everything the member finished of one questionnaire, oldest first.

    What was asked in another edition is neither named nor compared: its words and ranges are not known here.
    """
    found = measures.finished(work, member_id, definition.id)
    change_rule = definition.reliable_change
    return bodies.MeasureCourse(
        measure=definition.id,
        title=definition.title,
        highest=definition.highest,
        bands=[bodies.MeasureBand(lowest=one.lowest, name=one.name) for one in definition.bands],
        items=[bodies.MeasureItem(id=item.link_id, text=item.text) for item in definition.items],
        options=[
            bodies.MeasureOption(value=option.value, text=option.text)
            for option in definition.options
        ],
        reliable_points=change_rule.points if change_rule else None,
        reliable_source=change_rule.source if change_rule else None,
        results=[_result(definition, found, number) for number in range(len(found))],
    )


def watch(work: Work, member_id: UUID, room_ids: list[UUID], definition: Definition) -> None:
    """A questionnaire was finished: tell the clinicians of each group whom the member lets see it, when
    its course is not as expected. Nobody is called for it, and nobody else hears of it."""
    found = measures.finished(work, member_id, definition.id)
    scored = [one for one in found if one.total is not None and _is_current(definition, one)]
    if not scored or scored[-1].id != found[-1].id:
        return
    off = off_track(definition, [one.total for one in scored if one.total is not None])
    if off is None:
        return
    for room_id in room_ids:
        key = measures.alert_key(room_id, member_id, definition.id)
        is_seen = consents.find_standing(work, member_id, "measures", room_id) is not None
        if not is_seen or measures.has_open_alert(work, key):
            continue
        alert = CourseAlert(
            member_id=member_id, room_id=room_id, response_id=scored[-1].id, measure=definition.id,
            open_key=key, sealed=b"", raised_at=work.now,
        )  # fmt: skip
        reason = {
            "reason": off.reason, "first": off.first, "last": off.last,
            "measurements": off.measurements,
        }  # fmt: skip
        if measures.add_alert(work, alert, reason):
            _tell(work, member_id, room_id)
            audit.append(work, None, "measure.alert", alert.id)


def alert_body(work: Work, catalogue: Catalogue, alert: CourseAlert) -> bodies.CourseAlert | None:
    """One alert in full; None where its reason can no longer be read, or its questionnaire is gone."""
    reason = measures.open_reason(work, alert)
    definition = catalogue.definitions.get(alert.measure)
    if reason is None or definition is None:
        return None
    if definition.course is None or definition.reliable_change is None:
        return None
    known: dict[str, Any] = dict(reason)
    return bodies.CourseAlert(
        id=alert.id,
        member=alert.member_id,
        name=cases.member_names(work, {alert.member_id})[alert.member_id],
        measure=alert.measure,
        title=definition.title,
        **known,
        reliable_points=definition.reliable_change.points,
        high_from=definition.course.high_from,
        at=alert.raised_at,
        source=definition.course.source,
        unknown=definition.course.unknown,
        closed_at=alert.closed_at,
        outcome=measures.open_outcome(work, alert),
    )


def _result(definition: Definition, found: list[Finished], number: int) -> bodies.MeasureResult:
    """The number-th of these, beside the first and the one before that have a total."""
    one = found[number]
    if not _is_current(definition, one):
        return bodies.MeasureResult(
            id=one.id, at=one.at, room=one.room, answers={}, total=one.total, band=None,
            since_first=None, since_last=None,
        )  # fmt: skip
    before = [
        each.total
        for each in found[:number]
        if each.total is not None and _is_current(definition, each)
    ]
    return bodies.MeasureResult(
        id=one.id,
        at=one.at,
        room=one.room,
        answers=dict(one.answers),
        total=one.total,
        band=band(definition, one.total).name if one.total is not None else None,
        since_first=_since(definition, before[0] if before else None, one.total),
        since_last=_since(definition, before[-1] if before else None, one.total),
    )


def _is_current(definition: Definition, finished: Finished) -> bool:
    return finished.edition == definition.version


def _since(definition: Definition, before: int | None, after: int | None) -> Any:
    if before is None or after is None:
        return None
    return change(definition, before, after)


def _tell(work: Work, member_id: UUID, room_id: UUID) -> None:
    for clinician in measure_alarm.who_comes(work, room_id, member_id):
        notices.tell(
            work, member_id=clinician, kind="course_alert", code="plain", words=None,
            room_id=room_id, automated=True, by_role="machine",
        )  # fmt: skip
