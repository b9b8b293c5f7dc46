"""Two units of work that wait for each other's locks: both are done in the end."""

import asyncio
from uuid import UUID

from sqlalchemy import text

from server.store import staff
from server.store.postgres import PostgresDatabase
from server.store.work import Work
from tests.server.store_fixture import House


async def test_two_that_wait_for_each_other_are_both_done(any_house: House):
    marram, fern = await any_house.join("marram"), await any_house.join("fernhollow")
    tries: list[UUID] = []

    def lock_both(work: Work, first: UUID, second: UUID) -> None:
        tries.append(first)
        staff.lock_member(work, first)
        if work.session.get_bind().dialect.name == "postgresql":
            work.session.connection().execute(text("SELECT pg_sleep(0.3)"))
        member = staff.lock_member(work, second)
        assert member is not None
        member.tone_nudges = False
        work.session.add(member)

    await asyncio.gather(
        any_house.do(lambda work: lock_both(work, marram.id, fern.id)),
        any_house.do(lambda work: lock_both(work, fern.id, marram.id)),
    )

    done = [
        await any_house.do(lambda work: staff.lock_member(work, marram.id)),
        await any_house.do(lambda work: staff.lock_member(work, fern.id)),
    ]
    assert [member.tone_nudges for member in done if member] == [False, False]
    crossed = isinstance(any_house.database, PostgresDatabase)
    assert len(tries) >= 3 if crossed else len(tries) == 2, (
        "the guard: they did wait for each other"
    )
