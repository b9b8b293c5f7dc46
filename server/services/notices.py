"""What a member is told about something done to them or their words, and the way to appeal."""

from datetime import datetime
from typing import Any
from uuid import UUID

from moderation import appeals
from server.access import Actor, Relation, check
from server.protocol import bodies, frames
from server.services import pushing, wording
from server.store import comfort, erasing, notices
from server.store.tables import Notice
from server.store.work import ToMember, Work

_SHOWN = 200


def tell(
    work: Work,
    *,
    member_id: UUID,
    kind: str,
    code: str,
    words: str | None,
    by_role: str,
    room_id: UUID | None = None,
    message_id: UUID | None = None,
    case_id: UUID | None = None,
    decision_id: UUID | None = None,
    act_id: UUID | None = None,
    conversation_id: UUID | None = None,
    automated: bool = False,
    by: UUID | None = None,
    policy: str | None = None,
    until: datetime | None = None,
    appealable: bool = False,
    calls_until: datetime | None = None,
) -> frames.Notice:
    """Keep a notice and tell it to its receiver's open pages. Who was erased is told nothing.

    calls_until: it cannot wait: until then their browsers are called for it as well.

    words: what a person wrote; None for the standing words of this kind and code (words.toml).
    by_role: machine, moderator, clinician, steward or member; who it was stays with us.
    """
    notice = Notice(
        member_id=member_id,
        kind=kind,
        code=code,
        room_id=room_id,
        message_id=message_id,
        case_id=case_id,
        decision_id=decision_id,
        act_id=act_id,
        conversation_id=conversation_id,
        automated=automated,
        by_role=by_role,
        by=by,
        policy=policy,
        until=until,
        appeal_until=work.now + appeals.APPEAL_WINDOW if appealable else None,
        at=work.now,
    )
    told = words if words is not None else standing_words(work, member_id, kind, code)
    if erasing.is_done(work, member_id):
        return _frame(notice, told)
    notices.add(work, notice, told)
    if calls_until:
        pushing.plan_notice(work, notice, calls_until)
    frame = _frame(notice, told)
    work.announce(ToMember(member_id, frame))
    return frame


def standing_words(work: Work, member_id: UUID, kind: str, code: str) -> str:
    """What is said of this kind and code when no person wrote it, in the member's language."""
    return wording.notice(kind, code, comfort.language_of(work, member_id))


def list_mine(work: Work, actor: Actor) -> bodies.Notices:
    """Everything that was decided about the actor or their words, newest first."""
    check(actor, "notice.list")
    found = notices.of_member(work, actor.id, _SHOWN)
    return bodies.Notices(notices=[as_frame(work, notice) for notice in found])


def read(work: Work, actor: Actor, notice_id: UUID) -> None:
    """Remember that its receiver saw it."""
    notices.mark_read(work, get_own(work, actor, "notice.read", notice_id))


def get_own(work: Work, actor: Actor, operation: str, notice_id: UUID) -> Notice:
    """A notice to the actor. Raises NotFound: missing and another's look the same."""
    notice = notices.find_own(work, actor.id, notice_id)
    check(actor, operation, Relation.SELF if notice else Relation.NONE)
    assert notice is not None  # noqa: S101 - checked just now
    return notice


def as_frame(work: Work, notice: Notice) -> frames.Notice:
    """A stored notice as its receiver sees it: the role that acted, never the name."""
    return _frame(notice, notices.open_words(work, notice))


def _frame(notice: Notice, words: str) -> frames.Notice:
    kind: Any = notice.kind
    by_role: Any = notice.by_role
    appeal: Any = notice.appeal
    return frames.Notice(
        id=notice.id,
        kind=kind,
        at=notice.at,
        words=words,
        room=notice.room_id,
        message=notice.message_id,
        conversation=notice.conversation_id,
        automated=notice.automated,
        by=by_role,
        policy=notice.policy,
        until=notice.until,
        appeal_until=notice.appeal_until,
        appeal=appeal,
        read=notice.read_at is not None,
    )
