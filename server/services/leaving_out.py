"""Leaving out: words about means and methods are marked for their author, who may take them away.

It is offered, never done, and never about a message of somebody who may be in danger. The words were
judged as they were written, and readers get them folded. No list of such words leaves the server.
"""

from uuid import UUID

from moderation.classifier import Assessment
from server.access import Actor
from server.errors import NotFound
from server.protocol import comfort as bodies
from server.services import reading, seats
from server.store import assessments, messages
from server.store.work import Work


def find_words(work: Work, actor: Actor, room_id: UUID, message_id: UUID) -> bodies.LeavingOut:
    """What the actor may leave out of a message of theirs; nothing of anybody else's."""
    seats.check_seat(work, actor, "room.read", room_id)
    message = messages.find_message(work, room_id, message_id)
    if message is None or message.seq is None:
        raise NotFound
    if message.author_id != actor.id or message.state != "published":
        return bodies.LeavingOut(spans=[])
    text = messages.open_text(work, message)
    if text is None or _may_be_in_danger(work, message_id):
        return bodies.LeavingOut(spans=[])
    hits = reading.with_hits(Assessment.not_assessed("late"), text).hits
    if any(hit.danger for hit in hits):
        return bodies.LeavingOut(spans=[])
    return bodies.LeavingOut(
        spans=[bodies.WordSpan(start=hit.start, end=hit.end) for hit in hits if not hit.answering]
    )


def _may_be_in_danger(work: Work, message_id: UUID) -> bool:
    """What was not assessed is not safe."""
    assessed = assessments.is_assessed(work, message_id)
    return not assessed or assessments.raised_anything(work, message_id)
