"""Afterwards people go on, at a human pace: somebody types for a moment, then says it."""

import asyncio
import itertools
import random
from uuid import UUID

from server.demo.community import Community, Message, Thread
from server.demo.people import People
from server.protocol import frames

_BETWEEN_S = (6.0, 18.0)
_TYPING_S_PER_LETTER = 0.05
_LONGEST_TYPING_S = 8.0


async def keep_talking(community: Community, people: People) -> None:
    """The exchanges of all rooms, one after the other, from the beginning again; until cancelled."""
    rooms = {room.slug: room for room in community.rooms}
    ids = await _room_ids(people, list(rooms))
    rounds = itertools.zip_longest(*(room.talk for room in rooms.values()))
    threads = [thread for together in rounds for thread in together if thread]
    for thread in itertools.cycle(threads):
        await _exchange(thread, people, ids)


async def _exchange(thread: Thread, people: People, ids: dict[str, UUID]) -> None:
    said: dict[str, UUID] = {}
    for message in thread:
        await asyncio.sleep(random.uniform(*_BETWEEN_S))  # noqa: S311 - a pause, no secret
        posted = await _say(message, people, ids[message.room], said.get(message.reply_to or ""))
        if posted:
            said[message.key] = posted


async def _say(message: Message, people: People, room: UUID, reply_to: UUID | None) -> UUID | None:
    client = people[message.author].client
    await client.send(frames.Typing(type="typing", room=room))
    await asyncio.sleep(min(_LONGEST_TYPING_S, len(message.text) * _TYPING_S_PER_LETTER))
    answer = await client.post(room, message.text, reply_to=reply_to, ask=message.ask)
    if isinstance(answer, frames.Nudge):
        await asyncio.sleep(_BETWEEN_S[0])
        softer = message.softened or message.text
        answer = await client.post(
            room, softer, client_id=answer.client_id, reply_to=reply_to, insist=True
        )
    return answer.id if isinstance(answer, frames.Posted) else None


async def _room_ids(people: People, slugs: list[str]) -> dict[str, UUID]:
    """As anybody finds them: in the list of rooms."""
    somebody = next(iter(people.values()))
    listed = await somebody.http.call("GET", "/api/rooms")
    return {room["slug"]: UUID(room["id"]) for room in listed["rooms"] if room["slug"] in slugs}
