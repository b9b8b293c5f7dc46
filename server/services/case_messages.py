"""The messages around a case, as those who may open it read them."""

from collections.abc import Sequence
from typing import Any

from moderation.cases import CLINICIANS_ONLY
from server.protocol import bodies, frames
from server.services import render
from server.store import cases, messages
from server.store.tables import Case, CaseFlag, Message
from server.store.work import Work

BEFORE, AFTER = 8, 8
"""Enough to follow what was said; a moderator who needs more has the room."""


def of_case(work: Work, case: Case, flags: Sequence[CaseFlag]) -> list[bodies.CaseMessage]:
    """What was said around it, oldest first, then what its author could not post."""
    found = _around(work, case)
    authors = messages.authors_of(work, found)
    shown = [
        _message(work, case, message, render.author(*authors[message.author_id]))
        for message in found
    ]
    refused = [_refused(work, case, flag) for flag in flags if flag.source == "refused"]
    return [*shown, *refused]


def _around(work: Work, case: Case) -> list[Message]:
    if case.kind in CLINICIANS_ONLY:  # it rests on no message
        return []
    subject = work.session.get(Message, case.message_id) if case.message_id else None
    if subject and subject.seq is not None:
        return list(messages.around(work, case.room_id, subject.seq, BEFORE, AFTER))
    at = subject.at if subject else case.opened_at
    found = messages.around(work, case.room_id, cases.seq_at(work, case.room_id, at), BEFORE, AFTER)
    earlier = [message for message in found if (message.published_at or message.at) <= at]
    later = [message for message in found if (message.published_at or message.at) > at]
    return [*earlier[-BEFORE:], *([subject] if subject else []), *later]


def _message(work: Work, case: Case, message: Message, by: frames.Author) -> bodies.CaseMessage:
    """What was hidden or taken back is read in its own case alone; around another it is as in the room."""
    state: Any = message.state
    is_subject = message.id == case.message_id
    is_shown = is_subject or message.state == "published"
    return bodies.CaseMessage(
        id=message.id,
        seq=message.seq,
        author=by,
        state=state,
        text=messages.open_text(work, message) if is_shown else None,
        at=message.published_at or message.at,
        reply_to=message.reply_to,
        content_note=render.note_of(work, message) if is_shown else None,
        subject=is_subject,
    )


def _refused(work: Work, case: Case, flag: CaseFlag) -> bodies.CaseMessage:
    return bodies.CaseMessage(
        id=flag.id,
        seq=None,
        author=render.author_in(work, case.room_id, case.subject_id),
        state="refused",
        text=cases.open_flag_text(work, case, flag),
        at=flag.at,
        subject=True,
    )
