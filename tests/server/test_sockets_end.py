"""A socket does not outlive its session, nor the role its member had when it opened."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from websockets import ConnectionClosed, Subprotocol
from websockets.asyncio.client import connect

from server.access import Actor
from server.api.background import end_what_ended
from server.client import Http
from server.live.catching_up import CatchUp
from server.live.connection import Connection
from server.protocol import frames
from server.services import accounts, seats, sessions
from server.services.rooms import make_room
from server.store import people, rooms
from server.store.tables import Session
from server.store.work import Work
from tests.server.in_process import serving_app
from tests.server.store_fixture import House
from tests.server.test_accounts import asks


async def open_line(house: House) -> tuple[Actor, Connection, Any]:
    """Ash, logged in, with a socket open."""
    entered = await house.do(lambda work: accounts.sign_up(work, asks("Ash"), None))
    known = await house.do(lambda work: sessions.find_actor(work, entered.token or ""))
    hub, connection = CatchUp().hub, Connection(known.actor)
    hub.add(connection)
    settings = SimpleNamespace(demo=False)
    parts = SimpleNamespace(database=house.database, hub=hub, settings=settings)
    return known.actor, connection, parts


class Stalls:
    """A database whose first read, when told to, comes late: what it read is as it was before."""

    def __init__(self, database: Any) -> None:
        self._database, self.armed = database, False
        self.has_read, self.go_on = asyncio.Event(), asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    async def read(self, verb: Any) -> Any:
        found = await self._database.read(verb)
        if self.armed:
            self.armed = False
            self.has_read.set()
            await self.go_on.wait()
        return found


@asynccontextmanager
async def stalling(folder: Path) -> AsyncIterator[tuple[str, str, Stalls]]:
    """A server whose next read comes late, when told to; the token of Ash, who is a member there."""
    async with serving_app(folder) as (app, settings):
        url = f"http://127.0.0.1:{settings.port}"
        stalls: Any = Stalls(app.state.parts.database)
        app.state.parts = replace(app.state.parts, database=stalls)
        token = (await Http(url).sign_up("Ash")).token
        assert token
        try:
            yield url, token, stalls
        finally:
            stalls.go_on.set()  # else a test that failed would wait for ever


def dial(url: str, token: str) -> connect:
    return connect(
        f"{url.replace('http', 'ws')}/ws",
        additional_headers={"Authorization": f"Bearer {token}"},
        subprotocols=[Subprotocol(frames.SUBPROTOCOL)],
    )


async def test_a_session_that_ends_while_it_is_read_opens_no_line(tmp_path: Path) -> None:
    async with stalling(tmp_path) as (url, token, stalls), asyncio.timeout(10):
        stalls.armed = True
        async with dial(url, token) as line:
            await stalls.has_read.wait()
            await Http(url, token).call("DELETE", "/api/sessions/current")
            stalls.go_on.set()
            async with asyncio.timeout(2):  # nobody looks again before five seconds are over
                with pytest.raises(ConnectionClosed) as closed:
                    await line.recv()
            assert closed.value.rcvd
            assert closed.value.rcvd.code == frames.Close.SESSION


async def test_a_seat_that_ends_while_it_is_read_lets_nobody_listen(tmp_path: Path) -> None:
    async with stalling(tmp_path) as (url, token, stalls), asyncio.timeout(10):
        room = await stalls.do(_room_of_all)
        async with dial(url, token) as line:
            assert json.loads(await line.recv())["type"] == "hello"
            stalls.armed = True
            await line.send(json.dumps({"type": "join", "room": str(room)}))
            await stalls.has_read.wait()
            await stalls.do(lambda work: _remove(work, room))
            stalls.go_on.set()
            assert json.loads(await line.recv())["type"] == "refused"


def _room_of_all(work: Work) -> UUID:
    room = make_room(work, "Kitchen", "To sit together.").id
    for member in people.all_members(work):
        seats.take_seat(work, room, member.id)
    return room


def _remove(work: Work, room: UUID) -> None:
    for member in people.all_members(work):
        if held := rooms.find_seat(work, room, member.id):
            seats.end_seat(work, held, "removed")


async def test_a_session_that_stands_keeps_its_socket(any_house: House) -> None:
    _, connection, parts = await open_line(any_house)
    await end_what_ended(parts)
    assert connection.close_code is None


async def test_a_session_that_ran_out_takes_its_socket_along(any_house: House) -> None:
    _, connection, parts = await open_line(any_house)
    any_house.clock.move(days=31)
    await end_what_ended(parts)
    assert connection.close_code == frames.Close.SESSION


async def test_a_session_whose_days_are_over_ends_however_lately_it_was_used(
    any_house: House,
) -> None:
    actor, connection, parts = await open_line(any_house)

    def use(work: Work) -> None:
        session = work.session.get_one(Session, actor.session)
        session.last_seen_at = work.now

    whole = sessions.PEER_LIFE - timedelta(minutes=1)
    any_house.clock.move(days=whole.days, seconds=whole.seconds)
    await any_house.do(use)
    await end_what_ended(parts)
    assert connection.close_code is None
    any_house.clock.move(minutes=2)
    await end_what_ended(parts)
    assert connection.close_code == frames.Close.SESSION


@pytest.mark.parametrize(("field", "value"), [("role", "moderator"), ("state", "removed")])
async def test_another_role_or_none_ends_the_socket_also_when_it_was_given_elsewhere(
    any_house: House, field: str, value: str
) -> None:
    actor, connection, parts = await open_line(any_house)

    def change(work: Work) -> None:
        member = people.find_member(work, actor.id)
        assert member is not None
        setattr(member, field, value)
        work.session.add(member)

    await any_house.do(change)
    await end_what_ended(parts)
    assert connection.close_code == frames.Close.SESSION
