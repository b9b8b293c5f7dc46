"""The steward's page on judgement: figures beside people's decisions, and the switch for learning."""

from typing import Annotated

from fastapi import APIRouter, Query

from server.api.depend import Ask
from server.api.proving import AskProven
from server.protocol import judgement as bodies
from server.services import judgement, labels

router = APIRouter(prefix="/api/steward", tags=["steward"])

_JUDGEMENT = {"x-access": "steward.judgement"}
_LABELS = {"x-access": "steward.labels"}


@router.get("/judgement", operation_id="steward_judgement", openapi_extra=_JUDGEMENT)
async def read_judgement(
    ask: Ask, weeks: Annotated[int, Query(ge=1, le=judgement.MOST_WEEKS)] = 12
) -> bodies.Judgement:
    """Precision and misses, by rule, model and class."""
    return await ask.do(
        "steward.judgement", lambda work: judgement.read_judgement(work, ask.actor, weeks)
    )


@router.get("/labels", operation_id="steward_labels", openapi_extra=_LABELS)
async def read_labels(ask: Ask) -> bodies.Labels:
    """Whether this place learns from decisions."""
    return await ask.read("steward.labels", lambda work: labels.read_switch(work, ask.actor))


@router.put("/labels", operation_id="steward_labels_switch", openapi_extra=_LABELS)
async def switch_labels(asked: bodies.LabelsSwitch, ask: AskProven) -> bodies.Labels:
    """Turn it on or off. Proved once more who asks."""
    return await ask.do(
        "steward.labels", lambda work: labels.switch(work, ask.actor, allowed=asked.allowed)
    )
