"""The embedded database's one writer: batches, savepoints, and refusals that keep the rest."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import select

from server.errors import NotFound, Unavailable
from server.protocol import frames
from server.store.tables import Member
from server.store.work import ToMember, Work
from tests.server.store_fixture import House


def add(name: str) -> Callable[[Work], str]:
    def verb(work: Work) -> str:
        work.session.add(Member(pseudonym=name, name_key=name, joined_at=work.now))
        return name

    return verb


async def count(house: House) -> int:
    return await house.database.read(
        lambda work: (
            work.session.connection().execute(text("SELECT count(*) FROM member")).scalar_one()
        )
    )


async def test_one_unit_that_fails_leaves_its_neighbours_whole(any_house: House) -> None:
    def refuses(work: Work) -> None:
        work.session.add(Member(pseudonym="x", name_key="x", joined_at=work.now))
        work.session.flush()
        raise NotFound

    verbs: list[Callable[[Work], Any]] = [add("a"), refuses, add("b"), refuses, add("c")]
    results: list[Any] = await asyncio.gather(
        *(any_house.do(verb) for verb in verbs), return_exceptions=True
    )
    assert [result for result in results if isinstance(result, str)] == ["a", "b", "c"]
    assert sum(isinstance(result, NotFound) for result in results) == 2
    assert await count(any_house) == 3


async def test_a_unit_that_fails_tells_nobody(any_house: House) -> None:
    ash = await any_house.join("Ash")

    def speaks_and_fails(work: Work) -> None:
        work.announce(
            ToMember(
                ash.id,
                frames.Hello(
                    epoch="x",
                    member=ash.id,
                    limits=frames.Limits(frame_bytes=1, text_code_points=1, posts_per_minute=1),
                    heartbeat_s=1,
                ),
            )
        )
        raise NotFound

    with pytest.raises(NotFound):
        await any_house.do(speaks_and_fails)
    assert not any_house.told


async def test_a_broken_promise_of_the_database_is_a_refusal_that_may_be_tried_again(
    any_house: House,
) -> None:
    await any_house.do(add("twice"))
    with pytest.raises(Unavailable) as refused:
        await any_house.do(add("twice"))
    assert refused.value.retry_after_s
    assert "twice" not in str(refused.value)


async def test_the_world_hears_in_the_order_of_commits(any_house: House) -> None:
    ash = await any_house.join("Ash")
    room = await any_house.room("Kitchen", (ash, "member"))
    await asyncio.gather(*(any_house.say(room, ash, str(number)) for number in range(40)))
    told = [a.seq for a in any_house.told if hasattr(a, "seq")]
    assert sorted(told) == list(range(1, 42))
    if "Sqlite" in type(any_house.database).__name__:
        assert told == sorted(told)


async def test_what_was_accepted_is_written_before_the_writer_goes(house: House) -> None:
    waiting: list[asyncio.Future[str]] = [
        asyncio.ensure_future(house.do(add(str(number)))) for number in range(50)
    ]
    await asyncio.sleep(0)
    await house.database.close()
    assert len(await asyncio.gather(*waiting)) == 50


@pytest.mark.embedded(
    "there what somebody broke off is not written, and nobody shares their transaction"
)
async def test_whoever_stops_waiting_is_written_and_keeps_nobody_else_waiting(house: House) -> None:
    """A request that is broken off: its words were accepted, and its neighbours hear of theirs."""
    units = [asyncio.create_task(house.do(add(str(number)))) for number in range(50)]
    await asyncio.sleep(0)
    for unit in units[::2]:
        unit.cancel()
    found = await asyncio.gather(*units, return_exceptions=True)
    assert found[1::2] == [str(number) for number in range(1, 50, 2)]
    assert all(isinstance(left, asyncio.CancelledError) for left in found[::2])
    assert await house.do(add("after")) == "after"
    assert await count(house) == 51


async def test_reading_does_not_write(any_house: House) -> None:
    await any_house.database.read(add("ghost"))
    assert await count(any_house) == 0

    def writes(work: Work) -> None:
        add("ghost")(work)
        work.flush()

    with pytest.raises(Unavailable):
        await any_house.database.read(writes)
    assert await count(any_house) == 0


async def test_what_is_only_read_is_locked_by_nobody(any_house: House) -> None:
    """Verbs that change a row find it locked; those that show it find it by the same query."""
    ash = await any_house.join("Ash")

    def find(work: Work) -> tuple[str, str]:
        query = select(Member.pseudonym).where(Member.id == ash.id).with_for_update()
        member = work.session.get(Member, ash.id, with_for_update=True)
        assert member
        return work.session.exec(query).one(), member.pseudonym

    assert await any_house.database.read(find) == ("Ash", "Ash")


async def test_nobody_is_told_that_words_are_safe_when_a_full_disk_takes_the_batch(
    house: House,
) -> None:
    ash = await house.join("Ash")
    room = await house.room("Kitchen", (ash, "member"))
    before = len(house.told)

    def nearly_full(work: Work) -> None:
        connection = work.session.connection()
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
        connection.execute(text(f"PRAGMA max_page_count={pages + 4}"))
        time.sleep(0.3)  # what is said meanwhile becomes one batch

    words = ["small", "x" * 40_000, "small again"]
    said = [house.do(nearly_full), *(house.say(room, ash, word) for word in words)]
    answers: list[Any] = await asyncio.gather(*said, return_exceptions=True)
    stored = await house.database.read(
        lambda work: (
            work.session.connection().execute(text("SELECT count(*) FROM message")).scalar_one()
        )
    )
    acknowledged = [answer for answer in answers[1:] if not isinstance(answer, BaseException)]
    assert any(isinstance(answer, Unavailable) for answer in answers), "the guard: it was full"
    assert stored == len(acknowledged)
    assert len(house.told) - before == len(acknowledged)
