"""The people of the demo: each signs up, takes their seats and opens a socket, as anybody would."""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from server.client import Client, Http
from server.demo.community import Community
from server.demo.founding import Founded

_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a line of their own."""

    name: str
    id: UUID
    client: Client
    http: Http


People = dict[str, Person]


async def come_in(
    stack: contextlib.AsyncExitStack,
    url: str,
    community: Community,
    founded: Founded,
    passphrases: Mapping[str, str],
) -> People:
    """Everybody, connected and listening to their rooms."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def enter(name: str) -> Person:
        async with gate:
            return await _enter(stack, url, name, founded, passphrases.get(name))

    everybody = [*community.peers, *founded.staff]
    people = {person.name: person for person in await asyncio.gather(*map(enter, everybody))}
    await _make_hosts(url, community, founded, people)
    for room in community.rooms:
        await _sit_down(founded.rooms[room.slug], [people[name] for name in sorted(room.people)])
    return people


async def _enter(
    stack: contextlib.AsyncExitStack, url: str, name: str, founded: Founded, passphrase: str | None
) -> Person:
    member, token = founded.staff.get(name), founded.tokens.get(name)
    if member is None or token is None:
        entered = await Http(url).sign_up(name, passphrase)
        member, token = entered.me.id, entered.token or ""
    client = await stack.enter_async_context(Client(url, token))
    return Person(name, member, client, Http(url, token))


async def _sit_down(room: UUID, people: list[Person]) -> None:
    for person in people:
        await person.http.take_seat(room)
        await person.client.join(room)


async def _make_hosts(url: str, community: Community, founded: Founded, people: People) -> None:
    """By the steward, over the public interface."""
    steward = Http(url, founded.tokens[community.stewards[0]])
    for room in community.rooms:
        for name in room.hosts:
            body = {"member": str(people[name].id), "seat": "host"}
            path = f"/api/steward/rooms/{founded.rooms[room.slug]}/keepers"
            await steward.call("PUT", path, body)
