"""A member answers a questionnaire: stored as they go, counted by the published rules, theirs to see."""

from uuid import UUID

from moderation.urgency import Urgency
from server.access import Actor, check
from server.errors import BadFrame, NotFound, NotNow
from server.measures import Catalogue, Definition
from server.measures.scoring import check_answers, total, urgency
from server.protocol import frames
from server.protocol import measures as bodies
from server.services import help, measure_alarm, measure_course
from server.store import cases, consents, measures, people, rooms
from server.store.tables import MeasureResponse, Membership
from server.store.work import Work


def read_all(work: Work, actor: Actor, catalogue: Catalogue) -> bodies.Measures:
    """What can be taken here, what is asked, and who sees it."""
    check(actor, "measure.own")
    asks = [ask for ask in measures.asks_of(work, actor.id) if ask.measure in catalogue.definitions]
    names = cases.room_names(work, {ask.room_id for ask in asks})
    return bodies.Measures(
        measures=[_line(work, actor, one) for one in catalogue.definitions.values()],
        asks=[
            bodies.MeasureAsk(
                id=ask.id,
                measure=ask.measure,
                title=catalogue.definitions[ask.measure].title,
                room=ask.room_id,
                room_name=names[ask.room_id],
                at=ask.round_at,
                state=ask.state,  # type: ignore[arg-type]
            )
            for ask in asks
        ],
        groups=_groups(work, actor),
    )


def read_one(work: Work, actor: Actor, catalogue: Catalogue, measure: str) -> bodies.Measure:
    """One in full, with what was answered so far and one's own course. Raises NotFound."""
    check(actor, "measure.own")
    definition = get_definition(catalogue, measure)
    answers = _so_far(work, actor, definition)[1]
    in_danger = urgency(definition, answers) is not Urgency.NONE
    return bodies.Measure(
        id=definition.id,
        title=definition.title,
        version=definition.version,
        language=definition.language,
        stem=definition.stem,
        scoring=definition.scoring,
        publication=definition.publication,
        permission=definition.permission,
        danger_item=definition.danger.link_id if definition.danger else None,
        answers=answers,
        help=_with_help(work, actor, definition, answers) if in_danger else None,
        course=measure_course.course(work, actor.id, definition),
        groups=_groups(work, actor),
    )


def answer(
    work: Work, actor: Actor, catalogue: Catalogue, measure: str, item: str, value: int
) -> bodies.MeasureAnswered:
    """Store one answer. One that shows danger brings help at once, and calls whom the member agreed to.

    The same answer again calls nobody again; a graver one does. Raises NotFound, also for a question that
    there is not; BadFrame for an answer that there is not.
    """
    check(actor, "measure.own")
    definition = get_definition(catalogue, measure)
    if item not in {one.link_id for one in definition.items}:
        raise NotFound
    response, answers = _so_far(work, actor, definition)
    before = urgency(definition, answers)
    answers[item] = value
    try:
        check_answers(definition, answers)
    except ValueError:
        raise BadFrame("There is no such answer.") from None
    response = response or measures.begin(
        work, actor.id, measure, definition.version, _asked_by(work, actor, measure)
    )
    measures.keep(work, response, answers)
    danger = definition.danger
    if danger is None or item != danger.link_id or urgency(definition, answers) is Urgency.NONE:
        return bodies.MeasureAnswered(answers=answers, support=None, called=[], may_call=[])
    if urgency(definition, answers).rank > before.rank:
        measure_alarm.call_agreed(work, actor.id, _group_seats(work, actor), definition, value)
    return _with_help(work, actor, definition, answers)


def call(
    work: Work, actor: Actor, catalogue: Catalogue, measure: str, room_id: UUID
) -> bodies.MeasureAnswered:
    """The member asks for the clinicians of one of their groups, after such an answer.

    Twice calls them once. Raises NotFound for a room they do not sit in, NotNow without such an answer
    or without a clinician there.
    """
    check(actor, "measure.own")
    definition = get_definition(catalogue, measure)
    if room_id not in {seat.room_id for seat in _group_seats(work, actor)}:
        raise NotFound
    answers = _newest_answers(work, actor, definition)
    needs = urgency(definition, answers)
    if definition.danger is None or needs is Urgency.NONE:
        raise NotNow("Nothing you answered asks for that. You can always write in your group.")
    if not measure_alarm.is_waiting(work, actor.id, room_id, needs):
        value = answers[definition.danger.link_id]
        if not measure_alarm.call(work, actor.id, room_id, definition, value, "asked"):
            raise NotNow("There is no clinician in this group at the moment.")
    return _with_help(work, actor, definition, answers)


def finish(work: Work, actor: Actor, catalogue: Catalogue, measure: str) -> bodies.MeasureCourse:
    """Count it. With an answer missing it is kept and not scored. Raises NotNow when nothing was answered."""
    check(actor, "measure.own")
    definition = get_definition(catalogue, measure)
    response, answers = _so_far(work, actor, definition)
    if response is None or not answers:
        raise NotNow("There is no answer yet.")
    measures.finish(work, response, answers, total(definition, answers))
    measures.answered(work, actor.id, measure)
    seats = [seat.room_id for seat in _group_seats(work, actor)]
    measure_course.watch(work, actor.id, seats, definition)
    return measure_course.course(work, actor.id, definition)


def drop(work: Work, actor: Actor, catalogue: Catalogue, measure: str) -> None:
    """Forget what was answered and not finished. Who was called stays called."""
    check(actor, "measure.own")
    response, _ = _so_far(work, actor, get_definition(catalogue, measure))
    if response:
        measures.drop(work, response)


def get_definition(catalogue: Catalogue, measure: str) -> Definition:
    """Raises NotFound: what has no source is not here."""
    definition = catalogue.definitions.get(measure)
    if definition is None:
        raise NotFound
    return definition


def _line(work: Work, actor: Actor, definition: Definition) -> bodies.MeasureLine:
    response, answers = _so_far(work, actor, definition)
    found = measures.finished(work, actor.id, definition.id)
    return bodies.MeasureLine(
        id=definition.id,
        title=definition.title,
        questions=len(definition.items),
        begun=len(answers) if response else None,
        last_at=found[-1].at if found else None,
    )


def _so_far(
    work: Work, actor: Actor, definition: Definition
) -> tuple[MeasureResponse | None, dict[str, int]]:
    """What is begun. Answers to another edition's questions are not answers to these."""
    response = measures.find_open(work, actor.id, definition.id)
    if response is None or response.edition != definition.version:
        if response:
            measures.drop(work, response)
        return None, {}
    return response, measures.answers_of(work, response)


def _newest_answers(work: Work, actor: Actor, definition: Definition) -> dict[str, int]:
    response, answers = _so_far(work, actor, definition)
    if response:
        return answers
    found = measures.finished(work, actor.id, definition.id)
    return dict(found[-1].answers) if found else {}


def _asked_by(work: Work, actor: Actor, measure: str) -> UUID | None:
    asks = [ask for ask in measures.asks_of(work, actor.id) if ask.measure == measure]
    return next((ask.room_id for ask in asks if ask.state != measures.NEVER), None)


def _with_help(
    work: Work, actor: Actor, definition: Definition, answers: dict[str, int]
) -> bodies.MeasureAnswered:
    """After an answer that shows danger. Who was called before, and has not answered yet, was called."""
    needs = urgency(definition, answers)
    groups = [
        (group, measure_alarm.is_waiting(work, actor.id, group.room, needs))
        for group in _groups(work, actor)
    ]
    return bodies.MeasureAnswered(
        answers=answers,
        support=_support(work, actor),
        called=[group for group, is_waiting in groups if is_waiting],
        may_call=[group for group, is_waiting in groups if not is_waiting],
    )


def _support(work: Work, actor: Actor) -> frames.Support:
    member = people.find_member(work, actor.id)
    assert member is not None  # noqa: S101 - they ask
    return help.support(work, member, "self")


def _group_seats(work: Work, actor: Actor) -> list[Membership]:
    """The member's seats in groups that have a clinician other than themselves."""
    seats = rooms.seats_of(work, actor.id).values()
    return [seat for seat in seats if measure_alarm.who_comes(work, seat.room_id, actor.id)]


def _groups(work: Work, actor: Actor) -> list[bodies.MeasureGroup]:
    seats = _group_seats(work, actor)
    found = [rooms.find_room(work, seat.room_id) for seat in seats]
    return [
        bodies.MeasureGroup(
            room=room.id,
            name=room.name,
            sees_measures=_stands(work, actor, "measures", room.id),
            is_called=_stands(work, actor, "alerts", room.id),
        )
        for room in found
        if room and room.kind == "room"
    ]


def _stands(work: Work, actor: Actor, scope: str, room_id: UUID) -> bool:
    return consents.find_standing(work, actor.id, scope, room_id) is not None
