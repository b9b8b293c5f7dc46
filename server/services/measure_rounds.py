"""A group is asked every so many days: whoever agreed, once a round, and never who wants no more of it."""

from datetime import timedelta
from typing import Literal
from uuid import UUID

from server.access import Actor, check
from server.errors import NotFound, NotNow
from server.measures import Catalogue
from server.protocol import measures as bodies
from server.services import measure_alarm, measure_course, measure_terms, notices, seats, sight
from server.services.measuring import get_definition
from server.store import audit, cases, measures, rooms
from server.store.tables import CourseAlert, MeasureAsk, MeasurePlan, Room
from server.store.work import Work

_STATES = {"later": measures.LATER, "never": measures.NEVER, "again": measures.LATER}


def read_group(
    work: Work, actor: Actor, catalogue: Catalogue, room_id: UUID
) -> bodies.GroupMeasures:
    """A group's schedule, who agreed, and open alerts: each that is shown leaves a receipt. A `do`."""
    room = _get_room(work, actor, room_id)
    alerts = [
        body
        for alert in measures.alerts_of(work, room_id, only_open=True)
        if (body := _shown(work, actor, catalogue, alert))
    ]
    shown = _group(work, catalogue, room, alerts)
    for member_id in {alert.member for alert in alerts}:
        sight.look(work, actor, room_id, member_id, "measures")
    return shown


def plan(
    work: Work,
    actor: Actor,
    catalogue: Catalogue,
    room_id: UUID,
    measure: str,
    new: bodies.NewMeasurePlan,
) -> bodies.GroupMeasures:
    """Ask this group, from now on; or in another rhythm, counted from the last round.

    Raises NotNow where an answer calls somebody and no clinician of the group has confirmed that; what runs
    already goes on.
    """
    _get_room(work, actor, room_id)
    definition = get_definition(catalogue, measure)
    running = measures.find_plan(work, room_id, measure)
    if running is None:
        measure_terms.check_confirmed(work, room_id, definition)
    every = timedelta(days=new.every_days)
    if running is None:
        running = MeasurePlan(
            room_id=room_id, measure=measure, every_days=new.every_days, by=actor.id,
            open_key=measures.plan_key(room_id, measure), made_at=work.now, next_at=work.now,
        )  # fmt: skip
    else:
        last = running.next_at - timedelta(days=running.every_days)
        running.every_days, running.next_at = new.every_days, max(work.now, last + every)
    work.session.add(running)
    work.session.flush()
    audit.append(work, actor.id, "measure.plan", running.id)
    return read_group(work, actor, catalogue, room_id)


def stop(
    work: Work, actor: Actor, catalogue: Catalogue, room_id: UUID, measure: str
) -> bodies.GroupMeasures:
    """Ask it no more. What was asked and is open is asked no more, either."""
    _get_room(work, actor, room_id)
    running = measures.find_plan(work, room_id, measure)
    if running:
        measures.pass_over(work, running.id)
        running.open_key, running.ended_at = None, work.now
        work.session.add(running)
        work.session.flush()
        audit.append(work, actor.id, "measure.stop", running.id)
    return read_group(work, actor, catalogue, room_id)


def confirm(
    work: Work,
    actor: Actor,
    catalogue: Catalogue,
    room_id: UUID,
    measure: str,
    new: bodies.NewMeasureConfirmation,
) -> bodies.GroupMeasures:
    """A clinician of the group stands by whom an answer calls. Raises NotNow, Stale."""
    _get_room(work, actor, room_id)
    definition = get_definition(catalogue, measure)
    measure_terms.confirm(work, actor, room_id, definition, new.terms)
    return read_group(work, actor, catalogue, room_id)


def read_person(
    work: Work, actor: Actor, catalogue: Catalogue, room_id: UUID, member_id: UUID
) -> bodies.PersonMeasures:
    """One member's courses, alerts and what is missing. It leaves a receipt: a `do`. Raises NotFound."""
    sight.may_look(work, actor, room_id, member_id, "measures")
    courses = [
        measure_course.course(work, member_id, definition)
        for definition in catalogue.definitions.values()
    ]
    alerts = [
        measure_course.alert_body(work, catalogue, alert)
        for alert in measures.alerts_of(work, room_id, member_id)
    ]
    shown = bodies.PersonMeasures(
        member=member_id,
        name=cases.member_names(work, {member_id})[member_id],
        room=room_id,
        room_name=cases.room_names(work, {room_id})[room_id],
        courses=[course for course in courses if course.results],
        alerts=[alert for alert in alerts if alert],
        missing=_missing(work, catalogue, room_id, member_id),
        offers=_offers(catalogue),
    )
    sight.look(work, actor, room_id, member_id, "measures")
    return shown


def close_alert(
    work: Work, actor: Actor, catalogue: Catalogue, room_id: UUID, alert_id: UUID, outcome: str
) -> bodies.PersonMeasures:
    """A clinician has looked: what came of it. Doing it twice keeps the first. Raises NotFound."""
    _get_room(work, actor, room_id)
    alert = measures.find_alert(work, room_id, alert_id)
    if alert is None:
        raise NotFound
    sight.may_look(work, actor, room_id, alert.member_id, "measures")
    if alert.open_key is not None:
        measures.close_alert(work, alert, actor.id, outcome)
        audit.append(work, actor.id, "measure.alert.close", alert.id)
    return read_person(work, actor, catalogue, room_id, alert.member_id)


def reopen_alert(
    work: Work, actor: Actor, catalogue: Catalogue, room_id: UUID, alert_id: UUID
) -> bodies.PersonMeasures:
    """It was closed by mistake. Doing it twice changes nothing. Raises NotFound, NotNow when another is open."""
    _get_room(work, actor, room_id)
    alert = measures.find_alert(work, room_id, alert_id)
    if alert is None:
        raise NotFound
    sight.may_look(work, actor, room_id, alert.member_id, "measures")
    if alert.open_key is None:
        key = measures.alert_key(room_id, alert.member_id, alert.measure)
        if measures.has_open_alert(work, key) or not measures.reopen_alert(work, alert):
            raise NotNow("A newer one about the same course is open.")
        audit.append(work, actor.id, "measure.alert.reopen", alert.id)
    return read_person(work, actor, catalogue, room_id, alert.member_id)


def answer_ask(
    work: Work, actor: Actor, ask_id: UUID, said: Literal["later", "never", "again"]
) -> None:
    """Not now, not any more, or again after all. Raises NotFound."""
    check(actor, "measure.own")
    ask = measures.find_ask(work, actor.id, ask_id)
    if ask is None:
        raise NotFound
    is_open = ask.state in {measures.ASKED, measures.LATER, measures.NEVER}
    if is_open:
        ask.state, ask.at = _STATES[said], work.now
        work.session.add(ask)


def find_due(work: Work) -> list[UUID]:
    """Plans whose next round is due."""
    return list(measures.due_plans(work))


def ask(work: Work, plan_id: UUID) -> int:
    """One round: each member who agreed is asked once, while somebody is there to read it. Returns how many were.

    What was missed in a standstill is not made up for.
    """
    running = measures.take_due(work, plan_id)
    if running is None:
        return 0
    measures.pass_over(work, running.id)
    never = measures.said_never(work, running.room_id, running.measure)
    agreed = measures.agreed(work, running.room_id, "measures")
    asked = [
        member.id
        for member in agreed
        if member.id not in never and measure_alarm.who_comes(work, running.room_id, member.id)
    ]
    for member_id in asked:
        _ask(work, running, member_id)
    every = timedelta(days=running.every_days)
    while running.next_at <= work.now:
        running.next_at += every
    work.session.add(running)
    work.session.flush()
    audit.append(work, None, "measure.ask", running.id)
    return len(asked)


def _ask(work: Work, running: MeasurePlan, member_id: UUID) -> None:
    work.session.add(
        MeasureAsk(
            member_id=member_id, plan_id=running.id, room_id=running.room_id,
            measure=running.measure, round_at=running.next_at, at=work.now,
        )
    )  # fmt: skip
    notices.tell(
        work, member_id=member_id, kind="measure_ask", code="plain", words=None,
        room_id=running.room_id, automated=True, by_role="clinician",
    )  # fmt: skip


def _get_room(work: Work, actor: Actor, room_id: UUID) -> Room:
    """The group, if the actor cares for it. Raises NotFound."""
    seats.check_seat(work, actor, "clinic.measures", room_id)
    room = rooms.find_public(work, room_id)
    if room is None:
        raise NotFound
    return room


def _shown(
    work: Work, actor: Actor, catalogue: Catalogue, alert: CourseAlert
) -> bodies.CourseAlert | None:
    try:
        sight.may_look(work, actor, alert.room_id, alert.member_id, "measures")
    except NotFound:  # taken back since
        return None
    return measure_course.alert_body(work, catalogue, alert)


def _group(
    work: Work, catalogue: Catalogue, room: Room, alerts: list[bodies.CourseAlert]
) -> bodies.GroupMeasures:
    known = catalogue.definitions
    return bodies.GroupMeasures(
        room=room.id,
        room_name=room.name,
        plans=[
            bodies.MeasurePlan(
                measure=one.measure, title=known[one.measure].title, every_days=one.every_days,
                next_at=one.next_at,
            )
            for one in measures.plans_of(work, room.id)
            if one.measure in known
        ],
        available=[
            bodies.MeasureLine(
                id=one.id, title=one.title, questions=len(one.items), begun=None, last_at=None
            )
            for one in known.values()
        ],
        calls=measure_terms.calls(work, catalogue, room.id),
        people=[
            bodies.MeasurePerson(id=member.id, name=member.pseudonym)
            for member in measures.agreed(work, room.id, "measures")
        ],
        alerts=alerts,
        offers=_offers(catalogue),
    )  # fmt: skip


def _missing(
    work: Work, catalogue: Catalogue, room_id: UUID, member_id: UUID
) -> list[bodies.MissingMeasure]:
    """Only that there is no answer: what the member said to being asked stays with them."""
    asks = measures.newest_asks(work, member_id, room_id)
    return [
        bodies.MissingMeasure(
            measure=measure, title=catalogue.definitions[measure].title, asked_at=ask.round_at
        )
        for measure, ask in asks.items()
        if ask.state != measures.DONE and measure in catalogue.definitions
    ]


def _offers(catalogue: Catalogue) -> list[bodies.MeasureOffer]:
    return [bodies.MeasureOffer(title=one.title, words=one.words) for one in catalogue.offers]
