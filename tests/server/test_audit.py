"""The audit chain notices what was changed, taken out or swapped."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
from sqlmodel import delete, select

from server.store import audit
from server.store.tables import Audit
from server.store.work import Work
from tests.server.store_fixture import House


async def _fill(house: House, rows: int) -> None:
    for number in range(rows):
        house.clock.move(seconds=1)
        await house.do(
            partial(audit.append, actor=uuid4(), verb="case.read", subject=f"c-{number}")
        )


def _row(work: Work, number: int) -> Audit:
    return work.session.exec(select(Audit).where(Audit.number == number)).one()


def _swap(work: Work) -> None:
    first, second = _row(work, 4), _row(work, 5)
    first.subject, second.subject = second.subject, first.subject
    work.session.add_all([first, second])


def _cut(work: Work) -> None:
    work.session.exec(delete(Audit).where(Audit.number == 4))  # type: ignore[arg-type]


def _change(field: str) -> Callable[[Work], None]:
    def change(work: Work) -> None:
        row = _row(work, 4)
        values = {"actor": uuid4(), "verb": "case.hide", "subject": None, "hash": b"x"}
        setattr(row, field, row.at + timedelta(microseconds=1) if field == "at" else values[field])
        work.session.add(row)

    return change


async def test_an_untouched_chain_verifies(any_house: House):
    await _fill(any_house, 8)
    assert await any_house.do(audit.verify) is None


async def test_rows_written_at_the_same_moment_still_make_one_chain(any_house: House):
    await asyncio.gather(
        *(any_house.do(lambda work: audit.append(work, None, "x", None)) for _ in range(12))
    )
    newest = await any_house.do(audit.head)
    assert newest is not None
    assert newest.number == 12
    assert await any_house.do(audit.verify) is None


@pytest.mark.parametrize("field", ["actor", "verb", "subject", "hash", "at"])
async def test_the_audit_chain_notices_a_changed_row(any_house: House, field: str):
    await _fill(any_house, 8)
    await any_house.do(_change(field))
    assert await any_house.do(audit.verify) == 4


@pytest.mark.parametrize("tamper", [_swap, _cut])
async def test_the_audit_chain_notices_a_swap_and_a_cut(
    any_house: House, tamper: Callable[[Work], None]
):
    await _fill(any_house, 8)
    await any_house.do(tamper)
    assert await any_house.do(audit.verify) == 4
