"""What was decided about my words: every automated act, what a person did afterwards, and how to ask."""

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from moderation.appeals import APPEAL_WINDOW
from server.access import Actor, check
from server.errors import BadFrame
from server.protocol import reasons as bodies
from server.services import promises, reason_words, statements
from server.services.reason_words import words
from server.store import acts, cases, comfort
from server.store.acts import Followed, Place
from server.store.tables import Act, Notice
from server.store.work import Work

PAGE = 30
_AT_ONCE = 500
"""Of an export: what a database takes in one question."""


def read_ledger(work: Work, actor: Actor, after: str | None = None) -> bodies.Ledger:
    """A page, newest first. after: the token of the page before. Raises BadFrame for a foreign token."""
    check(actor, "ledger.read")
    return _ledger(work, actor.id, _place(after) if after else None, PAGE)


def export(work: Work, actor: Actor) -> bodies.Ledger:
    """All of it."""
    check(actor, "ledger.read")
    whole = _ledger(work, actor.id, None, _AT_ONCE)
    after, entries = whole.after, whole.entries
    while after:
        page = _ledger(work, actor.id, _place(after), _AT_ONCE)
        after, entries = page.after, [*entries, *page.entries]
    return whole.model_copy(update={"entries": entries, "after": None})


def _ledger(work: Work, member_id: UUID, after: Place | None, limit: int) -> bodies.Ledger:
    found = acts.page(work, member_id, after, limit + 1)
    shown = found[:limit]
    count = acts.count(work, member_id)
    return bodies.Ledger(
        read=count.read,
        not_read=count.not_read,
        followed=count.followed,
        entries=_entries(work, member_id, shown),
        after=_token(shown[-1]) if len(found) > limit else None,
    )


def _entries(work: Work, member_id: UUID, shown: Sequence[Act]) -> list[bodies.LedgerEntry]:
    told = acts.notices_of(work, member_id, [act.id for act in shown])
    followed = acts.followed(work, member_id, [act.message_id for act in shown if act.message_id])
    drafts = [act.client_id for act in shown if act.client_id]
    outcomes = acts.nudge_outcomes(work, member_id, drafts)
    names = cases.room_names(work, {act.room_id for act in shown})
    language = comfort.language_of(work, member_id)
    return [
        _entry(
            work,
            act,
            told.get(act.id),
            language=language,
            room_name=names[act.room_id],
            followed=[one for one in followed if _came_after(one, act)],
            outcome=outcomes.get(act.client_id) if act.client_id else None,
        )
        for act in shown
    ]


def _entry(
    work: Work,
    act: Act,
    told: Notice | None,
    *,
    language: str,
    room_name: str,
    followed: Sequence[Followed],
    outcome: str | None,
) -> bodies.LedgerEntry:
    kind: Any = act.kind
    band: Any = act.band
    asked: Any = told.appeal if told else None
    until = act.at + APPEAL_WINDOW
    return bodies.LedgerEntry(
        id=act.id,
        at=act.at,
        kind=kind,
        words=words("act", act.kind, act.about or act.code, language),
        room=act.room_id,
        room_name=room_name,
        message=act.message_id,
        rules=reason_words.rules(act.reasons, language),
        band=band,
        band_words=words("band", act.band, language=language) if act.band else None,
        clause_words=promises.as_read(act.clause, act.clause_words, language),
        model=act.model or None,
        policy=act.policy,
        became=words("nudge", outcome, language=language) if outcome else None,
        followed=[_followed(one, language) for one in followed],
        statement=_statement_of(work, act, told),
        asked=asked,
        may_ask=asked is None and work.now <= until,
        ask_until=until,
        bound=act.bound,
    )


def _came_after(one: Followed, act: Act) -> bool:
    return one.message_id == act.message_id and one.decision.at >= act.at


def _followed(one: Followed, language: str) -> bodies.Followed:
    by: Any = one.notice.by_role
    is_restriction = statements.is_restriction(one.notice)
    return bodies.Followed(
        at=one.decision.at,
        by=by,
        did=words("did", one.decision.action, language=language),
        statement=one.notice.id if is_restriction else None,
    )


def _statement_of(work: Work, act: Act, told: Notice | None) -> UUID | None:
    """Its own; for a refusal, that of the pause or removal it follows from."""
    if told:
        return told.id if statements.is_restriction(told) else None
    if act.kind == "refuse" and act.code in {"paused", "not_found"}:
        cause = acts.restriction_in(work, act.member_id, act.room_id, act.at)
        return cause.id if cause else None
    return None


def _token(last: Act) -> str:
    return base64.urlsafe_b64encode(f"{last.at.isoformat()}|{last.id}".encode()).decode()


def _place(token: str) -> Place:
    try:
        text = base64.b64decode(token.encode("ascii"), b"-_", validate=True).decode()
        at, act_id = text.split("|")
        place = Place(datetime.fromisoformat(at), UUID(act_id))
    except (ValueError, binascii.Error):
        raise BadFrame from None
    if place.at.tzinfo is None:
        raise BadFrame
    return place
