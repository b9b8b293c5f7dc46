"""A socket does not outlive its session, nor the role its member had when it opened."""

from types import SimpleNamespace
from typing import Any

import pytest

from server.access import Actor
from server.api.background import end_what_ended
from server.live.catching_up import CatchUp
from server.live.connection import Connection
from server.protocol import frames
from server.services import accounts, sessions
from server.store import people
from server.store.work import Work
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


async def test_a_session_that_stands_keeps_its_socket(any_house: House) -> None:
    _, connection, parts = await open_line(any_house)
    await end_what_ended(parts)
    assert connection.close_code is None


async def test_a_session_that_ran_out_takes_its_socket_along(any_house: House) -> None:
    _, connection, parts = await open_line(any_house)
    any_house.clock.move(days=31)
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
