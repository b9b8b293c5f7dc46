"""A member's own plan: for them alone, one version after the other, and locked by a key of their own."""

import base64
from typing import Any

import pytest
from pydantic import ValidationError

from server.access import Actor
from server.errors import BadFrame, Stale
from server.protocol import plans as bodies
from server.protocol.own_key import LOCKED_LIMIT
from server.services import plans
from server.store import erasing, own_data
from server.store import plans as stored
from tests.server.store_fixture import House

SAID = "I stop opening the curtains."
CIPHERTEXT = base64.b64encode(bytes(range(120))).decode()


async def change(house: House, actor: Actor, version: int, **what: Any) -> bodies.OwnPlan:
    new = bodies.NewPlan(version=version, **what)
    return await house.do(lambda work: plans.change(work, actor, new))


async def read(house: House, actor: Actor) -> bodies.OwnPlan:
    return await house.do(lambda work: plans.read_mine(work, actor))


async def test_a_plan_is_its_members_alone_and_sealed(any_house: House) -> None:
    ash, birch = await any_house.join("Ash"), await any_house.join("Birch")
    plan = bodies.Plan(signs=[SAID], worth=["The cat."])
    kept = await change(any_house, ash, 0, plan=plan)
    assert (kept.version, kept.plan, kept.locked) == (1, plan, None)
    assert await read(any_house, ash) == kept
    assert (await read(any_house, birch)).version == 0

    def bytes_of(work: Any) -> bytes:
        row = stored.find(work, ash.id)
        assert row is not None
        return row.sealed

    assert SAID.encode() not in await any_house.do(bytes_of)


async def test_of_two_tabs_the_second_is_told_and_nothing_is_written_over(house: House) -> None:
    ash = await house.join("Ash")
    first = bodies.Plan(signs=[SAID])
    await change(house, ash, 0, plan=first)
    assert (await change(house, ash, 0, plan=first)).version == 1, "sent twice, kept once"
    with pytest.raises(Stale):
        await change(house, ash, 0, plan=bodies.Plan(signs=["Something else."]))
    assert (await read(house, ash)).plan == first


async def test_the_key_is_turned_whole_or_not_at_all_and_turned_back(house: House) -> None:
    ash = await house.join("Ash")
    await change(house, ash, 0, plan=bodies.Plan(signs=[SAID]))
    await change(house, ash, 1, plan=bodies.Plan(signs=["Written in another tab."]))
    with pytest.raises(Stale):
        await change(house, ash, 1, locked=CIPHERTEXT)
    assert (await read(house, ash)).locked is None
    locked = await change(house, ash, 2, locked=CIPHERTEXT)
    assert (locked.version, locked.plan, locked.locked) == (3, None, CIPHERTEXT)
    with pytest.raises(Stale):
        await change(house, ash, 2, plan=bodies.Plan(signs=["By a tab that knows of no key."]))
    back = await change(house, ash, 3, plan=bodies.Plan(signs=[SAID]))
    assert (back.locked, back.plan) == (None, bodies.Plan(signs=[SAID]))


async def test_both_kinds_at_once_and_none_are_refused(house: House) -> None:
    ash = await house.join("Ash")
    for what in ({}, {"plan": bodies.Plan(), "locked": CIPHERTEXT}):
        with pytest.raises(BadFrame):
            await change(house, ash, 0, **what)


@pytest.mark.parametrize(
    "what",
    [
        {"plan": {"signs": ["x"] * (bodies.LINES + 1)}},
        {"plan": {"signs": ["x" * 281]}},
        {"plan": {"signs": [""]}},
        {"locked": "A" * (LOCKED_LIMIT + 4)},
        {"locked": "no base64 at all, but long enough to be it"},
    ],
)  # fmt: skip
def test_what_is_too_much_or_nothing_of_the_kind_is_refused(what: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        bodies.NewPlan.model_validate({"version": 0, **what})


@pytest.mark.parametrize("is_erased", [True, False])
async def test_it_goes_with_its_member_and_when_they_say_so(house: House, is_erased: bool) -> None:
    ash = await house.join("Ash")
    await change(house, ash, 0, plan=bodies.Plan(signs=[SAID]))
    if is_erased:
        await house.do(lambda work: erasing.erase_rows(work, ash.id))
    else:
        await house.do(lambda work: plans.remove(work, ash))
    assert await house.do(lambda work: stored.find(work, ash.id)) is None


async def test_a_copy_of_ones_data_gives_it_as_it_is_kept(house: House) -> None:
    ash = await house.join("Ash")
    await change(house, ash, 0, plan=bodies.Plan(signs=[SAID]))
    [row] = (await house.do(lambda work: own_data.collect(work, ash.id)))["safety_plan"]
    assert SAID in row["sealed"]
    await change(house, ash, 1, locked=CIPHERTEXT)
    [row] = (await house.do(lambda work: own_data.collect(work, ash.id)))["safety_plan"]
    assert (row["locked"], row["sealed"]) == (True, CIPHERTEXT)
