"""Whether everyday words ("do it") may reach somebody in danger, and so urge them on (moderation.lexicon)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from moderation.classifier import Assessment
from moderation.evidence import Evidence
from moderation.lexicon import is_own_danger
from moderation.policy import Context, Policy
from server.access import Role
from server.services.reading import SCREENED, Reading
from server.store import assessments, messages, people, rooms
from server.store.work import Work

_LATELY: Final = timedelta(hours=1)
_OWN: Final = timedelta(days=1)
FEW: Final = 5


def answers_danger(
    work: Work,
    author_id: UUID,
    room_id: UUID,
    reply_to: UUID | None,
    read: Reading,
    before: int | None = None,
) -> bool:
    """Who answers nobody, themselves or something calm may still mean what was said just before.

    before: the `seq` of what is said; None: what comes next. Never so for staff, whose words to somebody
    in danger must not wait, in a conversation with staff, or for whoever may be in danger themselves.
    """
    if not read.may_urge_on or not _is_peer_in_a_room(work, author_id, room_id):
        return False
    own = messages.said_lately(work, room_id, work.now - _OWN, before, by=author_id, most=FEW)
    if _in_danger(work, own, read.policy):
        return False
    answered = messages.find_message(work, room_id, reply_to) if reply_to else None
    by = answered.author_id if answered and answered.author_id != author_id else None
    said = messages.said_lately(
        work, room_id, work.now - _LATELY, before, by=by, but_by=author_id, most=FEW
    )
    return _in_danger(work, [*said, *([answered.id] if answered and by else [])], read.policy)


def screened(
    work: Work,
    author_id: UUID,
    room_id: UUID,
    reply_to: UUID | None,
    read: Reading,
    before: int | None = None,
) -> Context:
    """For what is refused, late or comes again: read for danger alone."""
    in_danger = answers_danger(work, author_id, room_id, reply_to, read, before)
    return replace(SCREENED, answers_danger=in_danger)


def _is_peer_in_a_room(work: Work, author_id: UUID, room_id: UUID) -> bool:
    author, room = people.find_member(work, author_id), rooms.find_room(work, room_id)
    is_peer = author is not None and author.role == Role.PEER
    return is_peer and room is not None and room.kind == "room"


def _in_danger(work: Work, message_ids: list[UUID], policy: Policy) -> bool:
    """Whether a reading of any of them asked a person to look because of its author's own danger."""
    return any(
        _is_own(reasons, signals, policy)
        for reasons, signals in assessments.raised_by(work, message_ids)
    )


def _is_own(reasons: Sequence[str], signals: Mapping[str, Any], policy: Policy) -> bool:
    if any(is_own_danger(code) for code in reasons):
        return True
    if "risk" not in reasons:
        return False
    return Evidence(Assessment.from_json(signals), policy).talk("another") < policy.about["own"]
