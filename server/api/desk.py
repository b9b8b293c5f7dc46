"""What belongs to a case beside deciding it, over HTTP: axes, undo, hand-over, opinions, removals."""

from uuid import UUID

from fastapi import APIRouter

from server.api.depend import Ask
from server.protocol import bodies, desk
from server.services import axes, colleagues, opinions, removals, undoing, wrong_rules

router = APIRouter(prefix="/api", tags=["desk"])

_AXES = {"x-access": "case.axes"}


@router.put("/cases/{case_id}/urgency", operation_id="case_urgency", openapi_extra=_AXES)
async def set_urgency(case_id: UUID, body: desk.SetUrgency, ask: Ask) -> bodies.Case:
    """How soon somebody must look; for the author."""
    return await ask.do("case.axes", lambda work: axes.set_urgency(work, ask.actor, case_id, body))


@router.put("/cases/{case_id}/handling", operation_id="case_handling", openapi_extra=_AXES)
async def set_handling(case_id: UUID, body: desk.SetHandling, ask: Ask) -> bodies.Case:
    """Published, behind a note, or held; for the readers."""
    return await ask.do("case.axes", lambda work: axes.set_handling(work, ask.actor, case_id, body))


@router.post(
    "/cases/{case_id}/show-again",
    operation_id="case_show_again",
    openapi_extra={"x-access": "case.show_again"},
)
async def show_again(case_id: UUID, body: desk.ShowAgain, ask: Ask) -> bodies.Case:
    """A hidden message comes back."""
    return await ask.do(
        "case.show_again", lambda work: axes.show_again(work, ask.actor, case_id, body)
    )


@router.post(
    "/cases/{case_id}/undo", operation_id="case_undo", openapi_extra={"x-access": "case.undo"}
)
async def undo(case_id: UUID, ask: Ask) -> bodies.Case:
    """Take back one's newest decision, within 30 seconds of it."""
    return await ask.do("case.undo", lambda work: undoing.undo(work, ask.actor, case_id))


@router.get(
    "/cases/{case_id}/colleagues",
    operation_id="case_colleagues",
    openapi_extra={"x-access": "case.colleagues"},
)
async def list_colleagues(case_id: UUID, ask: Ask) -> desk.Colleagues:
    """Who may take it, and who may be asked about it."""
    return await ask.read(
        "case.colleagues", lambda work: colleagues.list_colleagues(work, ask.actor, case_id)
    )


@router.post(
    "/cases/{case_id}/hand-over",
    operation_id="case_hand_over",
    openapi_extra={"x-access": "case.hand_over"},
)
async def hand_over(case_id: UUID, body: desk.NewHandOver, ask: Ask) -> bodies.Case:
    """To a colleague on shift, or back to the queue, with a note."""
    return await ask.do(
        "case.hand_over", lambda work: colleagues.hand_over(work, ask.actor, case_id, body)
    )


@router.post(
    "/cases/{case_id}/opinions",
    status_code=201,
    operation_id="case_opinion_ask",
    openapi_extra={"x-access": "case.opinion"},
)
async def ask_opinion(case_id: UUID, body: desk.NewOpinion, ask: Ask) -> bodies.Case:
    """Ask a colleague what they think."""
    return await ask.do("case.opinion", lambda work: opinions.ask(work, ask.actor, case_id, body))


@router.post(
    "/cases/{case_id}/opinions/{opinion_id}/answer",
    operation_id="case_opinion_answer",
    openapi_extra={"x-access": "opinion.answer"},
)
async def answer_opinion(
    case_id: UUID, opinion_id: UUID, body: desk.OpinionAnswer, ask: Ask
) -> bodies.Case:
    """What I think."""
    return await ask.do(
        "opinion.answer",
        lambda work: opinions.answer(work, ask.actor, case_id, opinion_id, body),
    )


@router.get("/opinions", operation_id="opinions_asked", openapi_extra={"x-access": "opinion.list"})
async def list_opinions(ask: Ask) -> desk.AskedOpinions:
    """The living cases on which my opinion is asked."""
    return await ask.read("opinion.list", lambda work: opinions.list_asked(work, ask.actor))


@router.post(
    "/cases/{case_id}/rule-wrong",
    operation_id="case_rule_wrong",
    openapi_extra={"x-access": "case.rule_wrong"},
)
async def call_rule_wrong(case_id: UUID, ask: Ask) -> desk.WrongRules:
    """The rule that raised this case was wrong to."""
    return await ask.do(
        "case.rule_wrong", lambda work: wrong_rules.call_wrong(work, ask.actor, case_id)
    )


@router.post(
    "/removals/{removal_id}",
    status_code=204,
    operation_id="removal_answer",
    openapi_extra={"x-access": "removal.answer"},
)
async def answer_removal(removal_id: UUID, body: desk.RemovalAnswer, ask: Ask) -> None:
    """Confirm that a member leaves the place, or say no."""
    await ask.do("removal.answer", lambda work: removals.answer(work, ask.actor, removal_id, body))


@router.get(
    "/shift/claims",
    operation_id="shift_claims",
    openapi_extra={"x-access": "shift.hand_over"},
)
async def read_claims(ask: Ask) -> desk.ShiftClaims:
    """What I hold, and who is on shift beside me."""
    return await ask.do("shift.hand_over", lambda work: colleagues.read_claims(work, ask.actor))


@router.post(
    "/shift/hand-over",
    operation_id="shift_hand_over",
    openapi_extra={"x-access": "shift.hand_over"},
)
async def hand_over_all(body: desk.ShiftHandOver, ask: Ask) -> desk.HandedOver:
    """All that I hold, with one note."""
    return await ask.do(
        "shift.hand_over", lambda work: colleagues.hand_over_all(work, ask.actor, body)
    )
