"""Questionnaires over HTTP: for whoever answers them, and for clinicians whom they let see it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path

from server.api.depend import Ask
from server.protocol import measures as bodies
from server.protocol.base import Storable
from server.services import measure_rounds, measuring

router = APIRouter(tags=["measures"])

MeasureId = Annotated[bodies.MeasureId, Path()]
ItemId = Annotated[Storable, Path(min_length=1, max_length=40)]
_OWN = {"x-access": "measure.own"}
_CLINIC = {"x-access": "clinic.measures"}


@router.get("/api/measures", operation_id="measure_list", openapi_extra=_OWN)
async def list_all(ask: Ask) -> bodies.Measures:
    """What I can answer, what I am asked, and who sees it."""
    known = ask.parts.measures
    return await ask.do("measure.own", lambda work: measuring.read_all(work, ask.actor, known))


@router.get("/api/measures/{measure}", operation_id="measure_read", openapi_extra=_OWN)
async def read(measure: MeasureId, ask: Ask) -> bodies.Measure:
    """One in full, what I answered so far, and my own course."""
    known = ask.parts.measures
    return await ask.do(
        "measure.own", lambda work: measuring.read_one(work, ask.actor, known, measure)
    )


@router.put(
    "/api/measures/{measure}/answers/{item}", operation_id="measure_answer", openapi_extra=_OWN
)
async def answer(
    measure: MeasureId, item: ItemId, new: bodies.NewMeasureAnswer, ask: Ask
) -> bodies.MeasureAnswered:
    """One answer: stored at once. One that shows danger brings help with it."""
    known = ask.parts.measures
    return await ask.do(
        "measure.own",
        lambda work: measuring.answer(work, ask.actor, known, measure, item, new.value),
    )


@router.post("/api/measures/{measure}/call", operation_id="measure_call", openapi_extra=_OWN)
async def call(measure: MeasureId, new: bodies.NewMeasureCall, ask: Ask) -> bodies.MeasureAnswered:
    """Please call the clinicians of this group for me, this once. 409 without an answer that asks for it."""
    known = ask.parts.measures
    return await ask.do(
        "measure.own", lambda work: measuring.call(work, ask.actor, known, measure, new.room)
    )


@router.post("/api/measures/{measure}/finish", operation_id="measure_finish", openapi_extra=_OWN)
async def finish(measure: MeasureId, ask: Ask) -> bodies.MeasureCourse:
    """I have answered what I want to. With an answer missing it is not scored."""
    known = ask.parts.measures
    return await ask.do(
        "measure.own", lambda work: measuring.finish(work, ask.actor, known, measure)
    )


@router.delete(
    "/api/measures/{measure}/answers",
    status_code=204,
    operation_id="measure_drop",
    openapi_extra=_OWN,
)
async def drop(measure: MeasureId, ask: Ask) -> None:
    """Forget what I answered and did not finish."""
    known = ask.parts.measures
    await ask.do("measure.own", lambda work: measuring.drop(work, ask.actor, known, measure))


@router.post(
    "/api/measure-asks/{ask_id}",
    status_code=204,
    operation_id="measure_ask_answer",
    openapi_extra=_OWN,
)
async def answer_ask(ask_id: UUID, said: bodies.MeasureAskAnswer, ask: Ask) -> None:
    """Not now, not any more, or again after all."""
    await ask.do(
        "measure.own",
        lambda work: measure_rounds.answer_ask(work, ask.actor, ask_id, said.answer),
    )


@router.get(
    "/api/clinic/rooms/{room_id}/measures",
    operation_id="clinic_measures",
    openapi_extra=_CLINIC,
)
async def read_group(room_id: UUID, ask: Ask) -> bodies.GroupMeasures:
    """The schedule of a group I care for, who agreed, and open alerts."""
    known = ask.parts.measures
    return await ask.do(
        "clinic.measures",
        lambda work: measure_rounds.read_group(work, ask.actor, known, room_id),
    )


@router.put(
    "/api/clinic/rooms/{room_id}/measures/{measure}",
    operation_id="clinic_measure_plan",
    openapi_extra=_CLINIC,
)
async def plan(
    room_id: UUID, measure: MeasureId, new: bodies.NewMeasurePlan, ask: Ask
) -> bodies.GroupMeasures:
    """Ask this group, every so many days."""
    known = ask.parts.measures
    return await ask.do(
        "clinic.measures",
        lambda work: measure_rounds.plan(work, ask.actor, known, room_id, measure, new),
    )


@router.delete(
    "/api/clinic/rooms/{room_id}/measures/{measure}",
    operation_id="clinic_measure_stop",
    openapi_extra=_CLINIC,
)
async def stop(room_id: UUID, measure: MeasureId, ask: Ask) -> bodies.GroupMeasures:
    """Ask it no more."""
    known = ask.parts.measures
    return await ask.do(
        "clinic.measures",
        lambda work: measure_rounds.stop(work, ask.actor, known, room_id, measure),
    )


@router.put(
    "/api/clinic/rooms/{room_id}/measures/{measure}/confirmation",
    operation_id="clinic_measure_confirm",
    openapi_extra=_CLINIC,
)
async def confirm(
    room_id: UUID, measure: MeasureId, new: bodies.NewMeasureConfirmation, ask: Ask
) -> bodies.GroupMeasures:
    """I stand by whom an answer calls, and how soon. 409 when that has changed since it was read."""
    known = ask.parts.measures
    return await ask.do(
        "clinic.measures",
        lambda work: measure_rounds.confirm(work, ask.actor, known, room_id, measure, new),
    )


@router.get(
    "/api/clinic/rooms/{room_id}/people/{member_id}/measures",
    operation_id="clinic_person_measures",
    openapi_extra={"x-access": "member.look"},
)
async def read_person(room_id: UUID, member_id: UUID, ask: Ask) -> bodies.PersonMeasures:
    """One member's courses, alerts and what is missing, as they agreed to. It leaves a receipt."""
    known = ask.parts.measures
    return await ask.do(
        "member.look",
        lambda work: measure_rounds.read_person(work, ask.actor, known, room_id, member_id),
    )


@router.post(
    "/api/clinic/rooms/{room_id}/course-alerts/{alert_id}/close",
    operation_id="clinic_course_alert_close",
    openapi_extra=_CLINIC,
)
async def close_alert(
    room_id: UUID, alert_id: UUID, closed: bodies.CourseAlertClosed, ask: Ask
) -> bodies.PersonMeasures:
    """I have looked: what came of it."""
    known = ask.parts.measures
    return await ask.do(
        "clinic.measures",
        lambda work: measure_rounds.close_alert(
            work, ask.actor, known, room_id, alert_id, closed.outcome
        ),
    )


@router.post(
    "/api/clinic/rooms/{room_id}/course-alerts/{alert_id}/reopen",
    operation_id="clinic_course_alert_reopen",
    openapi_extra=_CLINIC,
)
async def reopen_alert(room_id: UUID, alert_id: UUID, ask: Ask) -> bodies.PersonMeasures:
    """It was closed by mistake. 409 when a newer one about the same course is open."""
    known = ask.parts.measures
    return await ask.do(
        "clinic.measures",
        lambda work: measure_rounds.reopen_alert(work, ask.actor, known, room_id, alert_id),
    )
