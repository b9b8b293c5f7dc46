"""Queries about automated acts and what followed them, and their binding into the audit log."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from heapq import merge
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import case, inspect
from sqlmodel import col, func, select, tuple_

from server.store import audit
from server.store.tables import Act, Assessment, Decision, Message, Notice, NudgeShown
from server.store.work import Work

DECISION = "decision.keep"
ACT = "act."
"""How the verbs of bound rows are spelt; an act's ends with its kind."""
_PAGE = 1_000


class Place(NamedTuple):
    """Where a page ended."""

    at: datetime
    id: UUID


class Count(NamedTuple):
    """Of a member's messages: read by a model, not read by any, and how often something followed."""

    read: int
    not_read: int
    followed: int


class Followed(NamedTuple):
    """What a person decided afterwards, as its author was told of it."""

    message_id: UUID
    notice: Notice
    decision: Decision


class Bound(NamedTuple):
    """What one row of the audit log should say."""

    number: int
    subject: str


def add(work: Work, act: Act) -> None:
    """Keep an act, and write it down in the audit log. Call it last in a verb, as `audit.append`."""
    row = audit.append(work, None, f"{ACT}{act.kind}", _subject(act.id, _of_act(act)))
    act.bound = row.number
    work.session.add(act)
    work.session.flush()


def bind(work: Work, decision: Decision) -> None:
    """Write a decision down in the audit log with all it rests on. Call it last in a verb."""
    row = audit.append(work, decision.by, DECISION, _subject(decision.id, _of_decision(decision)))
    decision.bound = row.number
    work.session.add(decision)
    work.session.flush()


def page(work: Work, member_id: UUID, after: Place | None, limit: int) -> Sequence[Act]:
    """A member's, newest first."""
    query = select(Act).where(Act.member_id == member_id)
    if after:
        query = query.where(tuple_(col(Act.at), col(Act.id)) < tuple_(after.at, after.id))
    query = query.order_by(col(Act.at).desc(), col(Act.id).desc()).limit(limit)
    return work.session.exec(query).all()


def find_own(work: Work, member_id: UUID, act_id: UUID) -> Act | None:
    """One of this member's."""
    query = select(Act).where(Act.id == act_id, Act.member_id == member_id)
    return work.session.exec(query).first()


def find(work: Work, act_id: UUID) -> Act | None:
    """One, whoever asks."""
    return work.session.get(Act, act_id)


def refused_lately(
    work: Work, member_id: UUID, room_id: UUID, code: str, within: timedelta
) -> bool:
    """Whether a refusal for this reason stands in the ledger already."""
    query = select(Act.id).where(
        Act.member_id == member_id,
        col(Act.at) > work.now - within,
        Act.kind == "refuse",
        Act.room_id == room_id,
        Act.code == code,
    )
    return work.session.exec(query.limit(1)).first() is not None


def count(work: Work, member_id: UUID) -> Count:
    """A message that was edited counts once; it is read when its words of now were."""
    unread = func.max(case((col(Assessment.assessed).is_(False), 1), else_=0))
    each = (
        select(unread.label("unread"))
        .join(Message, col(Message.id) == Assessment.message_id)
        .where(Message.author_id == member_id)
        .group_by(col(Message.id))
        .subquery()
    )
    total, not_read = work.session.exec(
        select(func.count(), func.coalesce(func.sum(each.c.unread), 0)).select_from(each)
    ).one()
    followed = work.session.exec(
        select(func.count()).select_from(Act).where(Act.member_id == member_id)
    ).one()
    return Count(int(total) - int(not_read), int(not_read), followed)


def notices_of(work: Work, member_id: UUID, act_ids: Sequence[UUID]) -> dict[UUID, Notice]:
    """What a member was told of these acts, by act."""
    query = select(Notice).where(Notice.member_id == member_id, col(Notice.act_id).in_(act_ids))
    return {notice.act_id: notice for notice in work.session.exec(query) if notice.act_id}


def followed(work: Work, member_id: UUID, message_ids: Sequence[UUID]) -> Sequence[Followed]:
    """What people decided about these messages and told their author, oldest first."""
    query = (
        select(Notice, Decision)
        .join(Decision, col(Decision.id) == Notice.decision_id)
        .where(Notice.member_id == member_id, col(Notice.message_id).in_(message_ids))
        .order_by(col(Notice.at), col(Notice.id))
    )
    return [
        Followed(notice.message_id, notice, decision)
        for notice, decision in work.session.exec(query)
        if notice.message_id
    ]


def nudge_outcomes(work: Work, member_id: UUID, client_ids: Sequence[UUID]) -> dict[UUID, str]:
    """What became of nudged drafts, by client_id."""
    query = select(NudgeShown.client_id, NudgeShown.outcome).where(
        NudgeShown.member_id == member_id, col(NudgeShown.client_id).in_(client_ids)
    )
    return {client_id: outcome for client_id, outcome in work.session.exec(query)}  # noqa: C416


def restriction_in(work: Work, member_id: UUID, room_id: UUID, at: datetime) -> Notice | None:
    """The newest pause or removal in a room that a member was told of by then."""
    query = select(Notice).where(
        Notice.member_id == member_id,
        Notice.room_id == room_id,
        col(Notice.kind).in_(("pause", "removed")),
        col(Notice.at) <= at,
    )
    return work.session.exec(query.order_by(col(Notice.at).desc()).limit(1)).first()


# --- binding ---


def is_bound(verb: str) -> bool:
    """Whether a row of the audit log holds the digest of something that is kept elsewhere."""
    return verb == DECISION or verb.startswith(ACT)


def bound(work: Work) -> Iterator[Bound | None]:
    """All that is bound, in the order of the audit log. None, and then nothing more: one cannot be read."""
    if not inspect(work.connection).has_table("act"):  # from before there were any
        return
    try:
        yield from merge(_pages(work, Act, _of_act), _pages(work, Decision, _of_decision))
    except (TypeError, ValueError, LookupError, AttributeError):
        yield None  # whoever changes a row straight in the database is bound to no type


def has_loose_decision(work: Work, since: datetime) -> bool:
    """Whether a decision from after the first that was bound is bound to nothing."""
    query = select(Decision.id).where(col(Decision.bound).is_(None), col(Decision.at) > since)
    return work.session.exec(query.limit(1)).first() is not None


def _pages(work: Work, table: Any, fields_of: Any) -> Iterator[Bound]:
    after = -1
    while True:
        query = select(table).where(table.bound > after).order_by(table.bound, table.id)
        found = work.session.exec(query.limit(_PAGE)).all()
        for row in found:
            yield Bound(row.bound, _subject(row.id, fields_of(row)))
        work.session.expunge_all()
        if len(found) < _PAGE:
            return
        after = found[-1].bound


def _subject(row_id: UUID, fields: Sequence[Any]) -> str:
    spoken = json.dumps([_spoken(field) for field in fields], sort_keys=True)
    return f"{row_id}:{hashlib.sha256(spoken.encode()).hexdigest()}"


def _of_act(act: Act) -> list[Any]:
    return [
        act.id, act.member_id, act.kind, act.room_id, act.message_id, act.client_id, act.about,
        act.code, act.reasons, act.band, act.clause, act.clause_words, act.model, act.policy, act.at,
    ]  # fmt: skip


def _of_decision(decision: Decision) -> list[Any]:
    return [
        decision.id, decision.case_id, decision.action, decision.by, decision.by_role,
        decision.at, decision.until, decision.policy, decision.case_version, decision.clause,
        decision.clause_words, decision.model, decision.detected_by, decision.before,
        decision.sealed or decision.sealed_digest,
    ]  # fmt: skip


def _spoken(field: Any) -> Any:
    if isinstance(field, datetime):
        return field.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(field, bytes):
        return hashlib.sha256(field).hexdigest()
    return str(field) if isinstance(field, UUID) else field
