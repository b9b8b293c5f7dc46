"""Members who are away: asked for by each, without content, seldom, and only what they may read and have not read."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from server.access import Actor, Role
from server.api.background import push_what_is_new
from server.errors import NotAllowed, NotFound, NotNow
from server.protocol import away as wire
from server.protocol import frames
from server.protocol import push as push_wire
from server.services import away, conversations, messages, notices, publishing, pushing, quiet
from server.settings import read_settings
from server.store import messages as stored_messages
from server.store import rooms
from server.store.tables import Message
from server.store.work import Work
from tests.server.push_service import PushService, ReceivingBrowser, open_push_service
from tests.server.store_fixture import House
from tests.server.test_posting import post, say
from tests.server.test_pushing import SENDER

ON = wire.StewardAwayPatch(members_called=True)


@pytest.fixture
async def service() -> AsyncIterator[PushService]:
    async with open_push_service() as running:
        yield running


class Away:
    """Ash is away, Birch talks, Fern keeps the room."""

    def __init__(self, house: House, service: PushService) -> None:
        self.house, self.service = house, service
        self.settings = read_settings({}, push_hosts=service.host)

    async def set(self) -> "Away":
        join = self.house.join
        self.ash, self.birch = await join("Ash"), await join("Birch")
        self.fern = await join("Fern", Role.MODERATOR)
        self.keeper = await join("Keeper", Role.STEWARD)
        self.room = await self.house.room(
            "Kitchen", (self.ash, "member"), (self.birch, "member"), (self.fern, "moderator")
        )
        await self.house.do(lambda work: away.change_state(work, self.keeper, ON))
        return self

    async def subscribe(self, actor: Actor, quiet_hours: Any = None) -> push_wire.PushDevice:
        self.browser = ReceivingBrowser(self.service, actor.name)
        new = self.browser.asks("Europe/Dublin", quiet_hours)
        device = await self.house.do(
            lambda work: pushing.add_device(work, actor, new, self.settings)
        )
        await self.look()
        return device

    async def wish(self, wish: wire.Wish) -> None:
        await self.house.do(lambda work: away.change_wish(work, self.ash, self.room, wish))

    async def says(self, actor: Actor, text: str, **more: Any) -> Any:
        return (await say(self.house, actor, post(self.room, text, **more)))[0]

    async def look(self) -> int:
        return await push_what_is_new(self.house.database, SENDER)

    async def told(self, **by: float) -> int:
        """What is new is looked for, time passes, and what is due is sent: how many calls."""
        before = len(self.service.taken)
        await self.look()
        self.house.clock.move(**(by or {"minutes": 2}))
        await self.look()
        return len(self.service.taken) - before


@pytest.fixture
async def scene(any_house: House, service: PushService) -> Away:
    return await Away(any_house, service).set()


async def test_it_is_off_until_a_steward_turns_it_on_and_a_peer_asks(scene: Away) -> None:
    off = wire.StewardAwayPatch(members_called=False)
    await scene.house.do(lambda work: away.change_state(work, scene.keeper, off))
    with pytest.raises(NotNow):
        await scene.subscribe(scene.ash)
    await scene.house.do(lambda work: away.change_state(work, scene.keeper, ON))
    await scene.wish("all")
    await scene.says(scene.birch, "nobody asked to be told")
    assert await scene.told() == 0
    await scene.subscribe(scene.ash)
    assert await scene.told() == 0, "what was said before is not new"
    await scene.says(scene.birch, "now")
    assert await scene.told() == 1
    with pytest.raises(NotAllowed):
        await scene.house.do(lambda work: away.read_state(work, scene.ash))


async def test_a_call_holds_no_content_no_name_and_no_room(scene: Away) -> None:
    await scene.subscribe(scene.ash)
    asked = await scene.says(scene.ash, "is anybody there?", ask=True)
    answer = await scene.says(scene.birch, "I am", reply_to=asked.id)
    assert await scene.told() == 1
    [taken] = scene.service.taken
    assert scene.browser.open(taken.body) == {"words": pushing.NEWS, "path": "/rooms"}
    seen = json.dumps(taken.headers) + taken.path
    for one in (scene.room, asked.id, answer.id, scene.ash.id, scene.birch.id):
        assert str(one) not in seen
        assert one.hex not in seen


async def test_only_replies_unless_asked_otherwise_and_nothing_is_nothing(scene: Away) -> None:
    await scene.subscribe(scene.ash)
    asked = await scene.says(scene.ash, "is anybody there?", ask=True)
    await scene.says(scene.birch, "to everybody")
    assert await scene.told() == 0
    await scene.says(scene.birch, "to you", reply_to=asked.id)
    assert await scene.told() == 1
    await scene.wish("nothing")
    await scene.says(scene.birch, "to you again", reply_to=asked.id)
    assert await scene.told(hours=2) == 0
    await scene.wish("all")
    await scene.says(scene.birch, "to everybody once more")
    assert await scene.told() == 1


async def test_a_room_calls_at_most_once_an_hour(scene: Away) -> None:
    await scene.subscribe(scene.ash)
    await scene.wish("all")
    for number in range(3):
        await scene.says(scene.birch, f"cup {number}")
    assert await scene.told() == 1
    await scene.says(scene.birch, "another cup")
    assert await scene.told(minutes=50) == 0
    assert await scene.told(minutes=12) == 1


async def test_what_was_read_or_taken_back_meanwhile_is_not_told(scene: Away) -> None:
    await scene.subscribe(scene.ash)
    await scene.wish("all")
    said = await scene.says(scene.birch, "one")
    await scene.look()
    await scene.house.do(
        lambda work: messages.mark_read(work, scene.ash, _read(scene.room, said.seq))
    )
    assert await scene.told() == 0
    said = await scene.says(scene.birch, "two")
    await scene.look()

    def hide(work: Work) -> None:
        found = stored_messages.find_message(work, scene.room, said.id)
        assert isinstance(found, Message)
        publishing.hide(work, found)

    await scene.house.do(hide)
    assert await scene.told() == 0


async def test_whom_a_member_does_not_hear_does_not_call(scene: Away) -> None:
    await scene.subscribe(scene.ash)
    await scene.wish("all")
    await scene.house.do(
        lambda work: quiet.put_person(work, scene.ash, scene.birch.id, blocked=False)
    )
    await scene.says(scene.birch, "hello?")
    assert await scene.told() == 0
    await scene.says(scene.fern, "good evening")
    assert await scene.told() == 1


async def test_quiet_hours_end_with_one_call(scene: Away) -> None:
    # It is nine o'clock in Dublin.
    await scene.subscribe(scene.ash, push_wire.QuietHours(start=8 * 60, end=10 * 60))
    await scene.wish("all")
    await scene.says(scene.birch, "early")
    assert await scene.told(minutes=30) == 0
    await scene.says(scene.birch, "still early")
    assert await scene.told(minutes=31) == 1


async def test_what_a_moderator_writes_to_me_counts_as_a_reply(scene: Away) -> None:
    await scene.subscribe(scene.ash)
    scene.house.clock.move(minutes=1)

    def talk(work: Work) -> None:
        line = conversations.open_conversation(
            work, scene.room, scene.ash.id, [scene.fern.id], "A word"
        )
        publishing.say(work, line.id, scene.fern.id, "How are you today?")

    await scene.house.do(talk)
    assert await scene.told() == 1

    def note(work: Work) -> None:
        notices.tell(
            work, member_id=scene.ash.id, kind="care_note", code="care_note",
            words="Take care.", by_role="moderator",
        )  # fmt: skip

    await scene.house.do(note)
    assert await scene.told() == 1


async def test_who_left_or_is_gone_is_not_called_and_a_stranger_to_a_room_chooses_nothing(
    scene: Away,
) -> None:
    await scene.subscribe(scene.ash)
    other = await scene.house.room("Elsewhere", (scene.birch, "member"))
    with pytest.raises(NotFound):
        await scene.house.do(lambda work: away.change_wish(work, scene.ash, other, "all"))
    await scene.wish("all")
    await scene.says(scene.birch, "one")
    await scene.look()
    await scene.house.do(lambda work: _leave(work, scene.room, scene.ash.id))
    assert await scene.told() == 0


async def test_a_browser_that_is_gone_is_forgotten(scene: Away) -> None:
    device = await scene.subscribe(scene.ash)
    await scene.wish("all")
    await scene.says(scene.birch, "one")
    scene.service.status = 410
    await scene.told()
    mine = await scene.house.do(lambda work: pushing.read_mine(work, scene.ash, "key"))
    assert device.id not in {one.id for one in mine.devices}


@pytest.mark.parametrize(
    "url",
    ["http://a.example", "javascript:alert(1)", "https://", "//a.example", "https://a b.example"],
)
def test_leave_leads_to_a_plain_address_only(url: str) -> None:
    with pytest.raises(ValueError, match="begins with"):
        wire.StewardAwayPatch(members_called=False, leave_to=url)


def _read(room: UUID, seq: int) -> Any:
    return frames.Read(type="read", room=room, seq=seq)


def _leave(work: Work, room: UUID, member: UUID) -> None:
    seat = rooms.find_seat(work, room, member)
    assert seat is not None
    seat.left_at = work.now
    work.session.add(seat)
