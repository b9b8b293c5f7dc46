"""The client against a real server, which is killed under it."""

import asyncio
from uuid import UUID, uuid4

import pytest

from server.client import Client, Declined, Http, SessionOver
from server.protocol import bodies, frames
from tests.server.live_server import LiveServer, hasty


async def enter(server: LiveServer, name: str) -> tuple[Http, str, UUID]:
    """A new member with a seat in the first room."""
    entered = await Http(server.url).sign_up(name)
    assert entered.token
    http = Http(server.url, entered.token)
    room = (await http.read("/api/rooms", bodies.Rooms)).rooms[0].id
    await http.take_seat(room)
    return http, entered.token, room


def messages_in(heard: list[frames.ServerFrame]) -> list[str]:
    return [frame.text for frame in heard if isinstance(frame, frames.Message)]


async def until(count: int, heard: list[frames.ServerFrame]) -> None:
    async with asyncio.timeout(30):
        while len(messages_in(heard)) < count:  # noqa: ASYNC110 - a condition, not an event
            await asyncio.sleep(0.01)


async def test_two_people_talk_and_both_hear_it_in_order(standing_server: LiveServer) -> None:
    _, willow, room = await enter(standing_server, "Willow a")
    _, juniper, _ = await enter(standing_server, "Juniper a")
    heard: list[frames.ServerFrame] = []
    async with (
        Client(standing_server.url, willow) as one,
        Client(standing_server.url, juniper, hear=heard.append) as two,
    ):
        await one.join(room)
        await two.join(room)
        first = await one.post(room, "The kettle is on.")
        assert isinstance(first, frames.Posted)
        reply = await two.post(room, "That sounds good.", reply_to=first.id)
        assert isinstance(reply, frames.Posted)
        await until(2, heard)
        await one.react(room, reply.id, "heart")
        await one.felt_heard(room, reply.id, "heard")
    assert messages_in(heard) == ["The kettle is on.", "That sounds good."]
    assert one.seq(room) is not None


async def test_a_killed_server_costs_nobody_a_word(live_server: LiveServer) -> None:
    _, willow, room = await enter(live_server, "Willow")
    _, juniper, _ = await enter(live_server, "Juniper")
    heard: list[frames.ServerFrame] = []
    tapped: list[frames.ServerFrame] = []
    said = [f"Word number {number}." for number in range(40)]
    async with (
        Client(live_server.url, willow, back_off=hasty()) as one,
        Client(
            live_server.url, juniper, back_off=hasty(), hear=heard.append, tap=tapped.append
        ) as two,
    ):
        await one.join(room)
        await two.join(room)
        talking = asyncio.create_task(_say_all(one, room, said))
        for count in (5, 20):
            await until(count, heard)
            await live_server.restart()
        answers = await talking
        await until(len(said), heard)
        assert one.lines >= 3
        assert two.lines >= 3
    assert messages_in(heard) == said
    assert messages_in(tapped) == said
    assert len({answer.seq for answer in answers}) == len(said)


async def test_the_same_client_id_is_answered_with_the_first_answer(
    standing_server: LiveServer,
) -> None:
    _, willow, room = await enter(standing_server, "Willow c")
    heard: list[frames.ServerFrame] = []
    async with Client(standing_server.url, willow, hear=heard.append) as client:
        await client.join(room)
        once = uuid4()
        first = await client.post(room, "Only once.", client_id=once)
        again = await client.post(room, "Only once.", client_id=once)
        other = await client.post(room, "Something else.", client_id=once)
        await client.post(room, "The last.")
        await until(2, heard)
    assert first == again
    assert isinstance(other, frames.Refused)
    assert other.code == "conflict"
    assert messages_in(heard) == ["Only once.", "The last."]


async def test_listening_gives_frames_from_then_on(standing_server: LiveServer) -> None:
    _, willow, room = await enter(standing_server, "Willow d")
    async with Client(standing_server.url, willow) as client:
        await client.join(room)
        with client.listening() as stream:
            await client.post(room, "Here I am.")
            async for frame in stream:
                if isinstance(frame, frames.Message):
                    assert frame.text == "Here I am."
                    break


async def test_a_room_without_a_seat_is_declined_and_a_wrong_token_is_over(
    standing_server: LiveServer,
) -> None:
    _, willow, _ = await enter(standing_server, "Willow e")
    async with Client(standing_server.url, willow) as client:
        with pytest.raises(Declined):
            await client.join(uuid4())
    with pytest.raises(SessionOver):
        await Client(standing_server.url, "no-such-token").connect()
    with pytest.raises(SessionOver):
        await Http(standing_server.url, "no-such-token").call("GET", "/api/rooms")


async def _say_all(client: Client, room: UUID, said: list[str]) -> list[frames.Posted]:
    answers = []
    for text in said:
        answer = await client.post(room, text)
        assert isinstance(answer, frames.Posted)
        answers.append(answer)
    return answers
