"""What goes between moderators and clinicians over HTTP: escalations with their outcomes, and team notes."""

from uuid import UUID

from fastapi import APIRouter

from server.api.depend import Ask
from server.protocol import escalations as bodies
from server.services import escalations, team_notes

router = APIRouter(prefix="/api", tags=["escalations"])

_READ_NOTES = {"x-access": "team_note.read"}
_WRITE_NOTES = {"x-access": "team_note.write"}


@router.get(
    "/clinic/escalations",
    operation_id="escalation_list",
    openapi_extra={"x-access": "escalation.list"},
)
async def list_standing(ask: Ask) -> bodies.Escalations:
    """What stands with the clinicians in my rooms, by due time."""
    return await ask.read(
        "escalation.list", lambda work: escalations.list_standing(work, ask.actor)
    )


@router.get(
    "/cases/{case_id}/escalation",
    operation_id="escalation_read",
    openapi_extra={"x-access": "escalation.read"},
)
async def read(case_id: UUID, ask: Ask) -> bodies.Escalation:
    """A case as it was handed up, and what was said about it. Leaves an audit line."""
    return await ask.do("escalation.read", lambda work: escalations.read(work, ask.actor, case_id))


@router.post(
    "/cases/{case_id}/escalation/words",
    status_code=201,
    operation_id="escalation_say",
    openapi_extra={"x-access": "escalation.say"},
)
async def say(case_id: UUID, new: bodies.NewEscalationWord, ask: Ask) -> bodies.Escalation:
    """Say something about it, to those who keep the room and its clinicians."""
    return await ask.do(
        "escalation.say", lambda work: escalations.say(work, ask.actor, case_id, new)
    )


@router.post(
    "/cases/{case_id}/escalation/outcome",
    status_code=201,
    operation_id="escalation_answer",
    openapi_extra={"x-access": "escalation.answer"},
)
async def answer(case_id: UUID, new: bodies.NewOutcome, ask: Ask) -> bodies.Escalation:
    """What came of it, on the version that was read; 409 `stale` when the case moved on."""
    return await ask.do(
        "escalation.answer", lambda work: escalations.answer(work, ask.actor, case_id, new)
    )


@router.get(
    "/clinic/rooms/{room_id}/notes", operation_id="team_notes_read", openapi_extra=_READ_NOTES
)
async def read_notes(room_id: UUID, ask: Ask, member: UUID | None = None) -> bodies.TeamNotes:
    """The notes of a room's clinicians; `member`: those about one person. Leaves audit lines."""
    return await ask.do(
        "team_note.read", lambda work: team_notes.read(work, ask.actor, room_id, member)
    )


@router.get(
    "/clinic/rooms/{room_id}/notes/members",
    operation_id="team_note_members",
    openapi_extra=_WRITE_NOTES,
)
async def list_members(room_id: UUID, ask: Ask) -> bodies.NotedMembers:
    """About whom a note may be written here."""
    return await ask.read(
        "team_note.write", lambda work: team_notes.list_members(work, ask.actor, room_id)
    )


@router.post(
    "/clinic/rooms/{room_id}/notes",
    status_code=201,
    operation_id="team_note_write",
    openapi_extra=_WRITE_NOTES,
)
async def write_note(room_id: UUID, new: bodies.NewTeamNote, ask: Ask) -> bodies.TeamNote:
    """A note about a member, or about the group."""
    return await ask.do(
        "team_note.write", lambda work: team_notes.write(work, ask.actor, room_id, new)
    )


@router.post(
    "/clinic/rooms/{room_id}/notes/{note_id}/versions",
    status_code=201,
    operation_id="team_note_change",
    openapi_extra=_WRITE_NOTES,
)
async def change_note(
    room_id: UUID, note_id: UUID, asked: bodies.TeamNoteChange, ask: Ask
) -> bodies.TeamNote:
    """Correct one's own, or strike one with a reason. Earlier versions stay."""
    return await ask.do(
        "team_note.write",
        lambda work: team_notes.change(work, ask.actor, room_id, note_id, asked),
    )
