"""Whom and what I do not want to hear, over HTTP. Each answer is the whole list as it is now."""

from uuid import UUID

from fastapi import APIRouter

from server.api.depend import Ask
from server.protocol.quiet import NewQuietPerson, NewQuietTopic, Quiet
from server.services import quiet

router = APIRouter(prefix="/api/me/quiet", tags=["accounts"])


@router.get("", operation_id="quiet_read", openapi_extra={"x-access": "quiet.read"})
async def read_quiet(ask: Ask) -> Quiet:
    """All of it."""
    return await ask.read("quiet.read", lambda work: quiet.read_quiet(work, ask.actor))


@router.put(
    "/people/{person_id}",
    operation_id="quiet_person_put",
    openapi_extra={"x-access": "quiet.change"},
)
async def put_person(person_id: UUID, body: NewQuietPerson, ask: Ask) -> Quiet:
    """Mute or block somebody I have met in a room."""
    return await ask.do(
        "quiet.change",
        lambda work: quiet.put_person(work, ask.actor, person_id, blocked=body.blocked),
    )


@router.delete(
    "/people/{person_id}",
    operation_id="quiet_person_remove",
    openapi_extra={"x-access": "quiet.change"},
)
async def remove_person(person_id: UUID, ask: Ask) -> Quiet:
    """Hear somebody again."""
    return await ask.do(
        "quiet.change", lambda work: quiet.remove_person(work, ask.actor, person_id)
    )


@router.post("/topics", operation_id="quiet_topic_add", openapi_extra={"x-access": "quiet.change"})
async def add_topic(body: NewQuietTopic, ask: Ask) -> Quiet:
    """Fold away what holds these words."""
    return await ask.do("quiet.change", lambda work: quiet.add_topic(work, ask.actor, body.words))


@router.delete(
    "/topics/{topic_id}",
    operation_id="quiet_topic_remove",
    openapi_extra={"x-access": "quiet.change"},
)
async def remove_topic(topic_id: UUID, ask: Ask) -> Quiet:
    """Meet it again."""
    return await ask.do("quiet.change", lambda work: quiet.remove_topic(work, ask.actor, topic_id))
