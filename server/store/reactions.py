"""Queries about quiet reactions, private answers, and edits."""

from typing import Any
from uuid import UUID

from sqlmodel import select

from server.store.tables import Edit, FeltHeard, Message, Reaction
from server.store.work import Work


def put(work: Work, message_id: UUID, member_id: UUID, kind: str | None) -> bool:
    """Set or take back a member's sign; False when it was so already."""
    query = select(Reaction).where(
        Reaction.message_id == message_id, Reaction.member_id == member_id
    )
    found = work.session.exec(query).first()
    if (found.kind if found else None) == kind:
        return False
    if kind is None:
        work.session.delete(found)
    else:
        _put(
            work,
            found or Reaction(message_id=message_id, member_id=member_id, kind=kind, at=work.now),
            kind=kind,
        )
    work.session.flush()
    return True


def put_answer(work: Work, reply: Message, asker_id: UUID, answer: str) -> bool:
    """Set the asker's answer; False when it was so already."""
    query = select(FeltHeard).where(
        FeltHeard.message_id == reply.id, FeltHeard.asker_id == asker_id
    )
    found = work.session.exec(query).first()
    if found and found.answer == answer:
        return False
    fresh = FeltHeard(
        message_id=reply.id, asker_id=asker_id, room_id=reply.room_id, answer=answer, at=work.now
    )
    _put(work, found or fresh, answer=answer)
    return True


def find_edit(work: Work, author_id: UUID, client_id: UUID) -> Edit | None:
    """An edit this author already sent under this client_id."""
    return work.session.exec(
        select(Edit).where(Edit.author_id == author_id, Edit.client_id == client_id)
    ).first()


def _put(work: Work, row: Any, **values: str) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    row.at = work.now
    work.session.add(row)
