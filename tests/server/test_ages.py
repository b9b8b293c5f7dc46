"""Rooms for those under 18 and for adults: not listed, not joined and not heard by the others, on either database."""

import asyncio
from functools import partial
from uuid import UUID

import pytest

from server.access import Actor, Role
from server.cli import rooms as terminal
from server.errors import InvitationNeeded, NotAllowed, NotFound, NotNow, OtherAgeGroup, Unavailable
from server.ids import new_id
from server.protocol import ages as bodies
from server.protocol import frames
from server.protocol.bodies import NewInvitation, NewKeeper, NewRoom, RoomPatch, SignUp
from server.protocol.kinds import RoomAges
from server.services import accounts, ages, invitations, posting, rooms, seats, steward
from server.store import audit, erasing, notices, people
from server.store import rooms as stored
from server.store.place import get_place
from server.store.tables import Member
from server.store.work import SeatEnded, Work
from tests.server.readings import calm
from tests.server.store_fixture import House


async def join(house: House, name: str, group: str | None, role: Role = Role.PEER) -> Actor:
    actor = await house.join(name, role)

    def say(work: Work) -> None:
        work.session.get_one(Member, actor.id).age_group = group

    await house.do(say)
    return actor


async def make(house: House, by: Actor, name: str, group: str) -> UUID:
    new = NewRoom(name=name, purpose="To talk.", age_group=group)  # type: ignore[arg-type]
    return (await house.do(lambda work: steward.add_room(work, by, new))).id


async def make_at_the_terminal(house: House, name: str, group: RoomAges) -> UUID:
    slug = await house.do(lambda work: terminal.add_room(work, name, "To talk.", "en", group))
    room = await house.do(lambda work: stored.find_by_slug(work, slug))
    assert room
    return room.id


async def change(house: House, by: Actor, room: UUID, group: str) -> None:
    patch = RoomPatch(age_group=group)  # type: ignore[arg-type]
    await house.do(lambda work: steward.change_room(work, by, room, patch, {}))


async def listed(house: House, actor: Actor) -> set[str]:
    found = await house.database.read(lambda work: rooms.list_rooms(work, actor, {}))
    return {room.name for room in found.rooms}


async def enter(house: House, actor: Actor, room: UUID) -> None:
    await house.do(lambda work: rooms.enter(work, actor, room, {}))


async def sits(house: House, actor: Actor, room: UUID) -> bool:
    return await house.do(lambda work: stored.find_seat(work, room, actor.id)) is not None


async def told(house: House, actor: Actor) -> list[str]:
    found = await house.do(lambda work: notices.of_member(work, actor.id, 10))
    return [notice.kind for notice in found]


async def test_each_sees_and_enters_the_rooms_of_their_own_group_alone(any_house: House):
    keeper = await join(any_house, "hearthkeeper", "adults", Role.STEWARD)
    young, old = await join(any_house, "wren", "minors"), await join(any_house, "marram", "adults")
    silent = await join(any_house, "sedge", None)
    all_of_us = await make(any_house, keeper, "For all", "everybody")
    ours = await make_at_the_terminal(any_house, "Under eighteen", "minors")
    theirs = await make(any_house, keeper, "Grown up", "adults")

    assert await listed(any_house, young) == {"For all", "Under eighteen"}
    assert await listed(any_house, old) == {"For all", "Grown up"}
    assert await listed(any_house, silent) == {"For all"}
    for actor, closed in ((young, theirs), (old, ours), (silent, ours), (silent, theirs)):
        with pytest.raises(NotFound):
            await any_house.do(partial(rooms.get_room, actor=actor, room_id=closed, here={}))
        with pytest.raises(NotFound):
            await enter(any_house, actor, closed)
    for actor, room in ((young, ours), (old, theirs), (silent, all_of_us), (young, all_of_us)):
        await enter(any_house, actor, room)
        assert await sits(any_house, actor, room)
    kept = await any_house.do(lambda work: steward.list_rooms(work, keeper, {}))
    assert len(kept.rooms) == 3, "who runs the place configures all of them"


async def test_adults_keep_a_minors_room_by_role_and_no_other_way(any_house: House):
    keeper = await join(any_house, "hearthkeeper", "adults", Role.STEWARD)
    fern = await join(any_house, "fernhollow", "adults", Role.MODERATOR)
    silent = await join(any_house, "sedge", None, Role.MODERATOR)
    young = await join(any_house, "wren", "minors", Role.MODERATOR)
    ours = await make(any_house, keeper, "Under eighteen", "minors")
    theirs = await make(any_house, keeper, "Grown up", "adults")

    async def seat(who: Actor, name: str, room: UUID = ours) -> None:
        asked = NewKeeper(member=who.id, seat=name)  # type: ignore[arg-type]
        await any_house.do(lambda work: steward.seat_keeper(work, keeper, room, asked, {}))

    with pytest.raises(OtherAgeGroup):
        await seat(fern, "host")
    with pytest.raises(OtherAgeGroup):
        await seat(silent, "moderator")
    with pytest.raises(OtherAgeGroup):
        await seat(young, "moderator", theirs)
    with pytest.raises(NotFound):
        await enter(any_house, fern, ours)
    await seat(fern, "moderator")
    assert "Under eighteen" in await listed(any_house, fern)
    with pytest.raises(OtherAgeGroup):
        await seat(fern, "member")

    # Without the role the seat is gone: there is no plain one for an adult.
    await any_house.do(
        lambda work: steward.change_role(
            work, keeper.id, work.session.get_one(Member, fern.id), "peer"
        )
    )
    assert not await sits(any_house, fern, ours)


async def test_a_room_that_becomes_a_minors_room_ends_the_seats_of_the_others(any_house: House):
    keeper = await join(any_house, "hearthkeeper", "adults", Role.STEWARD)
    young, old = await join(any_house, "wren", "minors"), await join(any_house, "marram", "adults")
    silent = await join(any_house, "sedge", None)
    fern = await join(any_house, "fernhollow", "adults", Role.MODERATOR)
    room = await any_house.room(
        "Kitchen", (young, "member"), (old, "member"), (silent, "host"), (fern, "moderator")
    )
    any_house.told.clear()

    await change(any_house, keeper, room, "minors")

    seated = [await sits(any_house, who, room) for who in (young, old, silent, fern)]
    assert seated == [True, False, False, True]
    ended = {one.member for one in any_house.told if isinstance(one, SeatEnded)}
    assert ended == {old.id, silent.id}
    assert await told(any_house, old) == ["age_group"]
    assert await told(any_house, young) == []
    verbs = await any_house.do(lambda work: [row.verb for row in audit.rows(work) if row])
    assert "room.for.minors" in verbs
    with pytest.raises(NotFound):
        await any_house.do(lambda work: rooms.history(work, old, room, None))

    # It is everybody's again: nobody is put back, everybody may come back.
    await change(any_house, keeper, room, "everybody")
    assert not await sits(any_house, old, room)
    await enter(any_house, old, room)


async def test_whoever_lost_a_seat_and_writes_in_danger_is_not_left_in_silence(any_house: House):
    keeper = await join(any_house, "hearthkeeper", "adults", Role.STEWARD)
    old = await join(any_house, "marram", "adults")
    room = await any_house.room("Kitchen", (old, "member"))
    await change(any_house, keeper, room, "minors")
    frame = frames.Post(
        type="post",
        room=room,
        client_id=new_id(),
        text="I have the pills here and I will end my life tonight",
    )
    read = calm(frame.text)

    answers = await any_house.do(lambda work: posting.post(work, old, frame, read))

    assert [answer.type for answer in answers] == ["support", "refused"]  # type: ignore[attr-defined]
    mine = await any_house.do(lambda work: stored.conversations_of(work, old.id))
    assert len(mine) == 1, "a private line to the moderators is open"


async def test_turning_eighteen_takes_another_person(any_house: House):
    keeper = await join(any_house, "hearthkeeper", "adults", Role.STEWARD)
    fern = await join(any_house, "fernhollow", "adults", Role.MODERATOR)
    far = await join(any_house, "lamplighter", "adults", Role.MODERATOR)
    young = await join(any_house, "wren", "minors")
    ours = await make(any_house, keeper, "Under eighteen", "minors")
    theirs = await make(any_house, keeper, "Grown up", "adults")
    await enter(any_house, young, ours)
    asked = NewKeeper(member=fern.id, seat="moderator")
    await any_house.do(lambda work: steward.seat_keeper(work, keeper, ours, asked, {}))

    def say(group: str) -> object:
        return any_house.do(lambda work: ages.say(work, young, group))

    def answer(by: Actor, one: UUID, **said: object) -> object:
        body = bodies.AgeAnswer(**said)  # type: ignore[arg-type]
        return any_house.do(lambda work: ages.answer(work, by, one, body))

    async def waiting(by: Actor) -> list[bodies.AgeChange]:
        return (await any_house.do(lambda work: ages.list_asked(work, by))).changes

    # Asked, taken back, asked again.
    assert (await say("adults")).asked == "adults"  # type: ignore[misc]
    assert (await say("minors")).asked is None  # type: ignore[misc]
    assert await waiting(keeper) == []
    await say("adults")  # type: ignore[misc]
    await say("adults")  # type: ignore[misc]
    [change] = await waiting(keeper)
    assert (change.name, change.age_group) == ("wren", "adults")
    assert [one.id for one in await waiting(fern)] == [change.id]
    assert await waiting(far) == []
    assert "called" in await told(any_house, keeper)

    # Nothing changes until somebody with a part in it has answered, and nobody answers their own.
    with pytest.raises(NotFound):
        await answer(far, change.id, confirm=True)  # type: ignore[misc]
    with pytest.raises(NotFound):
        await answer(young, change.id, confirm=True)  # type: ignore[misc]
    with pytest.raises(NotNow):
        await answer(fern, change.id, confirm=False)  # type: ignore[misc]
    with pytest.raises(NotFound):
        await enter(any_house, young, theirs)
    await answer(fern, change.id, confirm=False, reason="Let us talk first.")  # type: ignore[misc]
    assert await sits(any_house, young, ours)
    with pytest.raises(NotNow):
        await answer(keeper, change.id, confirm=True)  # type: ignore[misc]

    await say("adults")  # type: ignore[misc]
    [change] = await waiting(fern)
    await answer(fern, change.id, confirm=True)  # type: ignore[misc]
    assert not await sits(any_house, young, ours)
    await enter(any_house, young, theirs)
    assert (await told(any_house, young)).count("age_group") == 3
    own = await any_house.do(lambda work: ages.read_own(work, young))
    assert (own.age_group, own.asked) == ("adults", None)


async def test_who_never_said_says_it_once_by_themselves(any_house: House):
    silent = await join(any_house, "sedge", None)
    fern = await join(any_house, "fernhollow", "adults", Role.MODERATOR)

    first = await any_house.do(lambda work: ages.say(work, silent, "minors"))
    then = await any_house.do(lambda work: ages.say(work, silent, "adults"))

    assert (first.age_group, first.asked) == ("minors", None)
    assert (then.age_group, then.asked) == ("minors", "adults")
    with pytest.raises(NotNow):  # nobody who keeps rooms slips in among the young
        await any_house.do(lambda work: ages.say(work, fern, "minors"))
    with pytest.raises(NotAllowed):
        await any_house.do(lambda work: ages.list_asked(work, silent))


async def test_sign_up_keeps_a_group_and_an_invitation_opens_no_room_of_the_others(
    any_house: House,
):
    keeper = await join(any_house, "hearthkeeper", "adults", Role.STEWARD)
    ours = await make(any_house, keeper, "Under eighteen", "minors")

    def set_least(age: int) -> object:
        def verb(work: Work) -> None:
            get_place(work).minimum_age = age

        return any_house.do(verb)

    def invite() -> object:
        new = NewInvitation(room=ours)
        return any_house.do(lambda work: invitations.invite(work, keeper, new))

    async def sign_up(name: str, group: str | None, code: str | None = None) -> Member:
        asked = SignUp(
            pseudonym=name, old_enough=True, not_an_emergency_service=True, age_group=group,  # type: ignore[arg-type]
            machine_reads_for_safety=True, invitation=code,
        )  # fmt: skip
        entered = await any_house.do(lambda work: accounts.sign_up(work, asked, None))
        found = await any_house.do(lambda work: people.find_member(work, entered.me.id))
        assert found
        return found

    await set_least(16)  # type: ignore[misc]
    assert (await sign_up("Alder", None)).age_group is None
    assert (await sign_up("Birch", "adults")).age_group == "adults"
    code = (await invite()).code  # type: ignore[misc]
    with pytest.raises(OtherAgeGroup):
        await sign_up("Cedar", "adults", code)
    with pytest.raises(OtherAgeGroup):
        await sign_up("Cedar", None, code)
    wren = await sign_up("Cedar", "minors", code)  # the refused ones left it as it was
    assert await any_house.do(lambda work: stored.find_seat(work, ours, wren.id)) is not None
    with pytest.raises(InvitationNeeded):
        await sign_up("Dogwood", "minors", code)
    await set_least(18)  # type: ignore[misc]
    assert (await sign_up("Elm", "minors")).age_group == "adults"
    await any_house.do(lambda work: erasing.erase_rows(work, wren.id))
    left = await any_house.do(lambda work: people.find_member(work, wren.id))
    assert left is not None
    assert left.age_group is None


async def test_nobody_slips_in_while_a_room_changes_hands(any_house: House):
    keeper = await join(any_house, "hearthkeeper", "adults", Role.STEWARD)
    olds = [await join(any_house, f"old {number}", "adults") for number in range(4)]
    for turn in range(3):
        room = await make(any_house, keeper, f"Room {turn}", "everybody")
        come = [enter(any_house, old, room) for old in olds]
        come.insert(turn * 2, change(any_house, keeper, room, "minors"))
        outcomes = await asyncio.gather(*come, return_exceptions=True)
        assert outcomes.pop(turn * 2) is None
        refusals = (NotFound, OtherAgeGroup, Unavailable)
        assert all(one is None or isinstance(one, refusals) for one in outcomes), outcomes
        assert [old.name for old in olds if await sits(any_house, old, room)] == []


async def test_a_seat_that_is_given_back_is_not_one_among_the_others(any_house: House):
    keeper = await join(any_house, "hearthkeeper", "adults", Role.STEWARD)
    old = await join(any_house, "marram", "adults")
    room = await any_house.room("Kitchen", (old, "member"))
    await any_house.do(
        lambda work: seats.end_seat(work, stored.find_seat(work, room, old.id), "removed")  # type: ignore[arg-type]
    )
    await change(any_house, keeper, room, "minors")

    await any_house.do(lambda work: seats.give_back(work, room, old.id, "member"))

    assert not await sits(any_house, old, room)
