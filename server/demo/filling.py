"""A week of talk, said at once: every message by its author's client, answering nudges as written."""

import asyncio
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from server.client import Answer, Client
from server.demo.community import Community, Message, Room, Tone
from server.demo.founding import Founded
from server.demo.people import People, Person
from server.errors import ServerError
from server.protocol import frames

_MOST_REACTIONS = 3
_REACTIONS: tuple[frames.Reaction, ...] = ("heart", "hug", "same", "strength")
_MOST_TRIES = 5
_FLAGGED = 3
"""So many clumsy messages are flagged by somebody, in the whole community."""


class NotTaken(ServerError):
    """A demo without words would be no demo."""

    code = "not_taken"


@dataclass(slots=True)
class Said:
    """Minutes before now, of messages by their id and of drafts by their client_id."""

    messages: dict[UUID, int] = field(default_factory=dict)
    drafts: dict[UUID, int] = field(default_factory=dict)


class Filling:
    """Runs once: each room from its oldest message to its newest, all rooms at once."""

    def __init__(
        self,
        community: Community,
        founded: Founded,
        people: People,
        progress: Callable[[int, int], None],
    ) -> None:
        self._community = community
        self._founded = founded
        self._people = people
        self._progress = progress
        self._ids: dict[str, UUID] = {}
        self._said = Said()
        self._done = 0
        self._flagged = _newest_clumsy(community)
        self._drawn = random.Random(5)  # noqa: S311 - the same demo every time

    async def run(self) -> Said:
        """When everything was said, or held, or let go."""
        await asyncio.gather(*(self._room(room) for room in self._community.rooms))
        return self._said

    async def _room(self, room: Room) -> None:
        messages = [message for thread in room.threads for message in thread]
        for message in sorted(messages, key=lambda message: -message.minutes_before_now):
            posted = await self._say(message)
            if posted:
                await self._afterwards(room, message, posted)
            self._done += 1
            self._progress(self._done, len(self._community.messages))

    async def _say(self, message: Message) -> UUID | None:
        """The message's id, once it is there for all."""
        client, client_id = self._people[message.author].client, uuid4()
        answer: Answer | None = None
        for text, insist in (*_drafts(message), (message.text, True)):
            self._said.drafts[client_id] = message.minutes_before_now
            answer = await _patiently(client, self._frame(message, client_id, text, insist=insist))
            if not isinstance(answer, frames.Nudge):
                break
            if message.dropped:
                await client.discard(client_id)
                return None
        return self._note(message, answer)

    def _frame(self, message: Message, client_id: UUID, text: str, *, insist: bool) -> frames.Post:
        return frames.Post(
            type="post",
            room=self._founded.rooms[message.room],
            client_id=client_id,
            text=text,
            reply_to=self._ids.get(message.reply_to or ""),
            ask=message.ask,
            insist=insist,
        )

    def _note(self, message: Message, answer: Answer | None) -> UUID | None:
        if isinstance(answer, frames.Posted | frames.Held):
            self._said.messages[answer.id] = message.minutes_before_now
        if not isinstance(answer, frames.Posted):
            return None
        self._ids[message.key] = answer.id
        return answer.id

    async def _afterwards(self, room: Room, message: Message, posted: UUID) -> None:
        """Quiet signs, the asker's private answer, and now and then a flag."""
        here = self._founded.rooms[room.slug]
        others = [self._people[name] for name in sorted(room.people - {message.author})]
        if message.tone in {Tone.KIND, Tone.WORRYING}:
            for person in self._drawn.sample(others, self._drawn.randint(0, _MOST_REACTIONS)):
                await person.client.react(here, posted, self._drawn.choice(_REACTIONS))
        if message.felt_heard is not None:
            asker = self._asker(room, message)
            answer: frames.Heard = "heard" if message.felt_heard else "not_yet"
            await asker.client.felt_heard(here, posted, answer)
        if message.key in self._flagged:
            await self._drawn.choice(others).client.send(
                frames.Flag(type="flag", room=here, message=posted, reason="unkind")
            )

    def _asker(self, room: Room, message: Message) -> Person:
        thread = next(thread for thread in room.threads if message in thread)
        return self._people[thread[0].author]


async def _patiently(client: Client, frame: frames.Post) -> Answer:
    """Again after a moment, where the server says that this helps. Raises NotTaken."""
    for _ in range(_MOST_TRIES):
        answer = await client.say(frame)
        if not isinstance(answer, frames.Refused):
            return answer
        if not answer.retryable:
            break
        await asyncio.sleep(answer.retry_after_s or 0.5)
    raise NotTaken("The server takes no messages; server.log in its data folder says why.")


def _newest_clumsy(community: Community) -> frozenset[str]:
    clumsy = [message.key for message in community.messages if message.tone is Tone.CLUMSY]
    return frozenset(clumsy[-_FLAGGED:])


def _drafts(message: Message) -> Iterator[tuple[str, bool]]:
    """What its author sends first, and what after a nudge."""
    yield message.text, False
    if message.softened is not None:
        yield message.softened, False
        yield message.softened, True
