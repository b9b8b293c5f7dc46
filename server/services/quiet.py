"""Not hearing somebody or something: for oneself, undone at will, and nobody is told.

Those who keep a room are always heard in it, and may always answer: a block is no way around them.
"""

import re
from typing import Literal, NamedTuple
from uuid import UUID

from server.access import Actor, check
from server.errors import NotFound, NotNow
from server.protocol import quiet as bodies
from server.protocol.bodies import HistoryMessage
from server.services import clusters, comfort
from server.services.topics import topics_in
from server.store import quiet, rooms
from server.store.tables import Message, QuietPerson
from server.store.work import Work

_MOST_PEOPLE, _MOST_TOPICS = 500, 50
NO_ANSWERS = "This message takes no answers from you right now."


class Unheard(NamedTuple):
    """Whom and what a member does not want to hear. topics: found where a word begins with one.

    muted: codes of topics that a content note may name.
    """

    people: frozenset[UUID]
    topics: list[re.Pattern[str]]
    muted: frozenset[str] = frozenset()

    def why(self, message: HistoryMessage) -> Literal["person", "topic"] | None:
        """Why a message is folded away, if it is. Who keeps the room is always heard."""
        if message.author.role != "peer":
            return None
        if message.author.id in self.people:
            return "person"
        if self.muted & topics_in(message.content_note or ""):
            return "topic"
        words = f"{message.content_note or ''}\n{message.text or ''}"
        return "topic" if any(topic.search(words) for topic in self.topics) else None


def read_quiet(work: Work, actor: Actor) -> bodies.Quiet:
    """All that the actor does not want to hear."""
    check(actor, "quiet.read")
    found = [
        bodies.QuietPerson(id=person.id, name=person.pseudonym, blocked=row.blocked, at=row.at)
        for row, person in quiet.people_of(work, actor.id)
    ]
    topics = [
        bodies.QuietTopic(id=topic.id, words=words)
        for topic in quiet.topics_of(work, actor.id)
        if (words := quiet.open_topic(work, topic)) is not None
    ]
    return bodies.Quiet(people=found, topics=topics)


def put_person(work: Work, actor: Actor, person_id: UUID, *, blocked: bool) -> bodies.Quiet:
    """Mute or block somebody the actor has met in a room; doing it twice changes nothing."""
    check(actor, "quiet.change")
    if person_id == actor.id or not quiet.have_shared_a_room(work, actor.id, person_id):
        raise NotFound
    row = quiet.find_person(work, actor.id, person_id)
    is_new_block = blocked and not (row and row.blocked)
    if row is None:
        if len(quiet.people_of(work, actor.id)) >= _MOST_PEOPLE:
            raise NotNow("That is as many people as one list holds.")
        row = QuietPerson(member_id=actor.id, person_id=person_id, blocked=blocked, at=work.now)
    row.at = work.now if is_new_block else row.at
    row.blocked = blocked
    work.session.add(row)
    work.session.flush()
    if is_new_block:
        clusters.look(work, person_id)
    return read_quiet(work, actor)


def remove_person(work: Work, actor: Actor, person_id: UUID) -> bodies.Quiet:
    """Hear somebody again; nothing happens where they were heard."""
    check(actor, "quiet.change")
    row = quiet.find_person(work, actor.id, person_id)
    if row:
        work.session.delete(row)
        work.session.flush()
    return read_quiet(work, actor)


def add_topic(work: Work, actor: Actor, words: str) -> bodies.Quiet:
    """Fold away what holds these words; the same words twice are one topic."""
    check(actor, "quiet.change")
    words = " ".join(words.split())
    known = read_quiet(work, actor).topics
    if len(known) >= _MOST_TOPICS or not words:
        raise NotNow("That is as many topics as one list holds." if words else None)
    if words.casefold() not in {topic.words.casefold() for topic in known}:
        quiet.add_topic(work, actor.id, words)
    return read_quiet(work, actor)


def remove_topic(work: Work, actor: Actor, topic_id: UUID) -> bodies.Quiet:
    """Meet one of the actor's own topics again. Raises NotFound for another's."""
    check(actor, "quiet.change")
    if not quiet.remove_topic(work, actor.id, topic_id):
        raise NotFound
    return read_quiet(work, actor)


def may_answer(work: Work, actor: Actor, message: Message) -> bool:
    """Whether the actor may reply or react to a message: its author has not blocked them, or they keep the room."""
    if not quiet.blocks(work, by=message.author_id, whom=actor.id):
        return True
    seat = rooms.find_seat(work, message.room_id, actor.id)
    room = rooms.find_room(work, message.room_id)
    return (seat is not None and seat.seat != "member") or (
        room is not None and room.kind != "room"
    )


def blocked_by(work: Work, person_id: UUID) -> int | None:
    """How many people blocked somebody, for those who judge a case; None below a cluster."""
    count = quiet.count_who_block(work, person_id)
    return count if count >= clusters.MEMBERS else None


def unheard(work: Work, actor: Actor) -> Unheard:
    """For pages that the server makes itself; browsers do the same with `read_quiet`."""
    found = read_quiet(work, actor)
    topics = [
        re.compile(rf"(?<!\w){re.escape(topic.words)}", re.IGNORECASE) for topic in found.topics
    ]
    chosen = comfort.read_comfort(work, actor).topics
    muted = frozenset(each.topic for each in chosen if each.choice == "mute")
    return Unheard(frozenset(person.id for person in found.people), topics, muted)
