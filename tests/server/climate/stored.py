"""A drawn year, put into the tables as it would stand there."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlmodel import SQLModel, insert

from server.ids import new_id
from server.store.tables import (
    Assessment,
    Case,
    FeltHeard,
    Member,
    Message,
    NudgeShown,
    Reaction,
)
from server.store.work import Work
from tests.server.climate import drawn

_AT_ONCE = 2_000


def store(work: Work, room: UUID, year: drawn.Year) -> None:
    """All rows of it. The words are left out: nothing here reads them."""
    _put(work, Member, (_member(work, each) for each in year.people))
    _put(work, Message, (_message(room, n, each) for n, each in enumerate(year.messages, 1)))
    _put(work, Assessment, (row for each in year.messages for row in _readings(room, each)))
    _put(work, Reaction, (row for each in year.messages for row in _signs(each)))
    _put(work, NudgeShown, (_nudge(room, each) for each in year.nudges))
    _put(work, FeltHeard, (_answer(room, each) for each in year.answers))
    _put(work, Case, (_case(room, each) for each in year.cases))


def _put(work: Work, table: type[SQLModel], rows: Iterable[dict[str, Any]]) -> None:
    ready = list(rows)
    for start in range(0, len(ready), _AT_ONCE):
        work.session.execute(insert(table), ready[start : start + _AT_ONCE])


def _member(work: Work, person: UUID) -> dict[str, Any]:
    name = f"drawn {person.hex[:12]}"
    return {"id": person, "pseudonym": name, "name_key": name, "joined_at": work.now}


def _message(room: UUID, seq: int, said: drawn.Message) -> dict[str, Any]:
    held = said.state == "held"
    return {
        "id": said.id,
        "room_id": room,
        "seq": None if held else seq,
        "author_id": said.author,
        "author_kind": said.kind,
        "client_id": new_id(),
        "fingerprint": b"",
        "reply_to": said.reply_to.id if said.reply_to else None,
        "ask": said.ask,
        "state": said.state,
        "at": said.at,
        "published_at": None if held else said.at,
    }


def _readings(room: UUID, said: drawn.Message) -> Iterable[dict[str, Any]]:
    for read in said.readings:
        yield {
            "id": new_id(),
            "message_id": said.id,
            "room_id": room,
            "assessed": read.assessed,
            "why_not": None if read.assessed else "late",
            "model": "drawn",
            "signals": {"assessed": read.assessed, "signals": read.levels or {"toxicity": 0.1}},
            "policy": "1",
            "handling": "publish",
            "urgency": read.urgency,
            "reasons": [],
            "at": read.at,
        }


def _signs(said: drawn.Message) -> Iterable[dict[str, Any]]:
    for person, kind in said.signs:
        yield {
            "id": new_id(), "message_id": said.id, "member_id": person, "kind": kind, "at": said.at,
        }  # fmt: skip


def _nudge(room: UUID, nudge: drawn.Nudge) -> dict[str, Any]:
    return {
        "id": new_id(),
        "room_id": room,
        "member_id": nudge.who,
        "client_id": new_id(),
        "fingerprint": b"",
        "reasons": [],
        "policy": "1",
        "at": nudge.at,
        "outcome": nudge.outcome,
    }


def _answer(room: UUID, answer: drawn.Answer) -> dict[str, Any]:
    return {
        "id": new_id(),
        "message_id": answer.to.id,
        "asker_id": answer.who,
        "room_id": room,
        "answer": "heard" if answer.heard else "not_yet",
        "at": answer.at,
    }


def _case(room: UUID, case: drawn.Case) -> dict[str, Any]:
    return {
        "id": new_id(),
        "room_id": room,
        "subject_id": case.who,
        "kind": case.kind,
        "state": "closed",
        "urgency": case.urgency,
        "urgency_rank": 0,
        "opened_at": case.opened,
        "due_at": case.due,
        "first_human_at": case.seen,
        "policy": "1",
    }
