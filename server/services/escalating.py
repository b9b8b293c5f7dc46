"""A case is handed up to the room's clinicians: as a conversation, with what was chosen to be shown."""

import secrets
from collections.abc import Sequence
from uuid import UUID

from server.errors import BadFrame
from server.services import case_messages, wording
from server.store import cases, escalations, rooms
from server.store.tables import Case, Decision, Escalation, Room, RoomHead
from server.store.work import Work

KIND = "escalation"
"""The kind of room in which they talk: in no list, and nobody sits there."""


def open_escalation(
    work: Work, case: Case, decision: Decision, shared: Sequence[UUID] | None
) -> None:
    """Keep what the clinicians are shown. shared: None: what the case is about, and the note.

    Raises BadFrame for what is not among the messages of this case.
    """
    found = case_messages.of_case(work, case, cases.flags_of(work, case.id))
    known = [message.id for message in found]
    if shared is not None and not set(shared) <= set(known):
        raise BadFrame("Only what stands in this case can be shown.")
    chosen = [message.id for message in found if _is_shown(message.id, message.subject, shared)]
    before = escalations.newest_of(work, case.id)
    escalation = Escalation(
        case_id=case.id,
        decision_id=decision.id,
        room_id=before.room_id if before else _open_room(work, case),
        by=decision.by,
        shared=[str(one) for one in chosen],
        at=work.now,
    )
    work.session.add(escalation)
    work.session.flush()


def _is_shown(message_id: UUID, is_subject: bool, shared: Sequence[UUID] | None) -> bool:
    return is_subject if shared is None else message_id in shared


def _open_room(work: Work, case: Case) -> UUID:
    origin = rooms.find_room(work, case.room_id)
    room = Room(
        slug=f"escalation-{secrets.token_hex(8)}",
        name=wording.conversation("escalation_name"),
        purpose=wording.conversation("escalation_purpose"),
        kind=KIND,
        language=origin.language if origin else "en",
        created_at=work.now,
    )
    work.session.add(room)
    work.session.flush()
    work.session.add(RoomHead(room_id=room.id))
    work.session.flush()
    return room.id
