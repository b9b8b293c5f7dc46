"""Each kind that is kept for a number of days is there on the last of them, and gone on the next."""

from datetime import timedelta
from typing import Any, get_args
from uuid import UUID

import pytest
from sqlmodel import select

from server.access import Role
from server.api.background import remove_what_is_past
from server.ids import new_id, new_token
from server.protocol.rights import Kind
from server.services import retention
from server.store.tables import (
    Assessment,
    Case,
    Complaint,
    DataExport,
    Invitation,
    Notice,
    NudgeShown,
    OutsideReport,
    Revision,
    Room,
    Session,
    Shift,
)
from server.store.work import Work
from tests.server.store_fixture import House

ELSEWHERE = {"messages", "cases", "holds"}
"""Held by test_rights.py and test_case_words.py."""
KINDS = sorted(set(get_args(Kind)) - ELSEWHERE)


def row_of(work: Work, kind: str, member: UUID, room: UUID, message: UUID) -> Any:
    """One that begins to count now."""
    now, digest = work.now, new_token().encode()
    rows: dict[str, Any] = {
        "revisions": Revision(message_id=message, sealed=b"words", at=now),
        "assessments": Assessment(
            message_id=message, room_id=room, assessed=True, model="1", signals={}, policy="1",
            handling="publish", urgency="none", reasons=[], at=now,
        ),
        "nudges": NudgeShown(
            room_id=room, member_id=member, client_id=new_id(), fingerprint=b"", reasons=[],
            policy="1", at=now,
        ),
        "notices": Notice(
            member_id=member, kind="warning", code="warn", automated=False, by_role="moderator",
            at=now, sealed=b"words",
        ),
        "sessions": Session(
            member_id=member, token_digest=digest, created_at=now, last_seen_at=now,
            expires_at=now + timedelta(days=900), ended_at=now,
        ),
        "invitations": Invitation(
            code_digest=digest, created_at=now, expires_at=now + timedelta(days=900),
            redeemed_at=now,
        ),
        "shifts": Shift(member_id=member, started_at=now, ended_at=now),
        "exports": DataExport(member_id=member, asked_at=now, state="taken"),
        "reports": OutsideReport(
            number=1, code_digest=digest, kind="other", sealed=b"words", at=now, due_at=now,
            decided_at=now,
        ),
        "complaints": Complaint(
            number=1, kind="other", by=member, sealed=b"words", state="answered", opened_at=now,
            answered_at=now,
        ),
    }  # fmt: skip
    return rows[kind]


async def added(house: House, kind: str) -> tuple[type, UUID]:
    ash = await house.join("Ash", Role.PEER)
    room = await house.room("Kitchen", (ash, "member"))
    said = await house.say(room, ash, "words")

    def verb(work: Work) -> tuple[type, UUID]:
        row = row_of(work, kind, ash.id, room, said.id)
        work.session.add(row)
        work.session.flush()
        return type(row), row.id

    return await house.do(verb)


async def is_there(house: House, model: Any, row_id: UUID) -> bool:
    """With its words, where it has any."""

    def verb(work: Work) -> bool:
        row = work.session.get(model, row_id)
        return row is not None and getattr(row, "sealed", b"none") is not None

    return await house.do(verb)


def days_of(kind: Any) -> int:
    days = retention.RULES[kind].days
    assert days is not None
    return days


@pytest.mark.parametrize("kind", KINDS)
async def test_each_is_kept_to_its_last_day(house: House, kind: str) -> None:
    model, row_id = await added(house, kind)
    house.clock.move(days=days_of(kind))
    await remove_what_is_past(house.database)
    assert await is_there(house, model, row_id)
    house.clock.move(days=1, seconds=1)
    await remove_what_is_past(house.database)
    assert not await is_there(house, model, row_id)


async def test_a_notice_that_was_asked_about_goes_days_after_its_answer(house: House) -> None:
    _, notice_id = await added(house, "notices")

    def asked(work: Work, state: str) -> None:
        notice = work.session.get(Notice, notice_id)
        assert notice is not None
        notice.appeal = state
        work.session.add(notice)

    await house.do(lambda work: asked(work, "open"))
    house.clock.move(days=days_of("notices") + 1)
    await remove_what_is_past(house.database)
    assert await is_there(house, Notice, notice_id), "nobody has answered yet"
    await house.do(lambda work: _answered(work, notice_id))
    await house.do(lambda work: asked(work, "upheld"))
    house.clock.move(days=days_of("notices") - 1)
    await remove_what_is_past(house.database)
    assert await is_there(house, Notice, notice_id), "the answer is younger"
    house.clock.move(days=3)
    await remove_what_is_past(house.database)
    assert not await is_there(house, Notice, notice_id)


def _answered(work: Work, notice_id: UUID) -> None:
    notice = work.session.get(Notice, notice_id)
    assert notice is not None
    room = work.session.exec(select(Room.id)).one()
    work.session.add(
        Case(
            room_id=room, subject_id=notice.member_id, kind="appeal", state="closed", urgency="routine",
            urgency_rank=1, opened_at=work.now, due_at=work.now, closed_at=work.now,
            appeal_of=notice_id, policy="1",
        )
    )  # fmt: skip
