"""Statements of reasons: for each restriction what, why, by whom, and how to ask again.

Source: Regulation (EU) 2022/2065 (Digital Services Act), Article 17(3).
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from server.access import Actor, Relation, check
from server.protocol import reasons as bodies
from server.services import appeals, promises, reason_words
from server.services.reason_words import words
from server.services.spoken import ENGLISH
from server.store import acts, comfort, messages, notices, rooms, standing, undo
from server.store import statements as stored
from server.store.tables import Act, Decision, Message, Notice
from server.store.work import Work

_PLACE = "place"
KINDS = frozenset({"held", "hidden", "collapsed", "assessed_late", "warn", "pause", "removed"})


def read_statement(work: Work, actor: Actor, notice_id: UUID) -> bodies.Statement:
    """The statement about one's own restriction. Raises NotFound; also for what restricted nothing."""
    notice = stored.find_own(work, actor.id, notice_id)
    own = notice is not None and is_restriction(notice)
    check(actor, "statement.read", Relation.SELF if own else Relation.NONE)
    assert notice is not None  # noqa: S101 - checked just now
    return _statement(work, notice)


def read_text(work: Work, actor: Actor, notice_id: UUID) -> str:
    """The same as plain text, to keep."""
    return as_text(read_statement(work, actor, notice_id), comfort.language_of(work, actor.id))


def is_restriction(notice: Notice) -> bool:
    """Whether a notice tells of something that restricts its receiver, and so has a statement."""
    return notice.kind in KINDS and not notice.code.startswith("risk_")


def as_text(statement: bodies.Statement, language: str = ENGLISH) -> str:
    """Headings and sentences, a blank line between them; times in UTC."""
    redress = statement.redress
    parts = [
        ("title", f"{statement.id}, {_time(statement.at)}"),
        ("restricted", statement.restricted),
        ("where", statement.room_name),
        ("lasts", statement.lasts),
        ("message", statement.own_words),
        ("why", statement.reason),
        ("rules", " ".join(statement.rules)),
        ("clause", statement.clause_words),
        ("detected", statement.detected),
        ("decided", statement.decided),
        ("versions", _versions(statement, language)),
        ("again", _redress(redress, language)),
        ("answer", redress.answer),
        ("outside", redress.outside),
    ]
    headed = [(words("heading", name, language=language), text) for name, text in parts if text]
    return "\n\n".join(f"{title}\n{text}" for title, text in headed) + "\n"


def _statement(work: Work, notice: Notice) -> bodies.Statement:
    decision = stored.find_decision(work, notice.decision_id)
    act = acts.find(work, notice.act_id) if notice.act_id else None
    message = (
        messages.by_id(work, [notice.message_id])[notice.message_id] if notice.message_id else None
    )
    kind: Any = notice.kind
    by: Any = notice.by_role
    clause: Any = decision.clause if decision else act.clause if act else None
    by_machine = notice.automated and notice.by_role == "machine"
    detected = "machine" if by_machine else _detected(notice, decision)
    until = _until(work, notice)
    language = comfort.language_of(work, notice.member_id)
    return bodies.Statement(
        id=notice.id,
        kind=kind,
        at=notice.at,
        restricted=words("restricted", notice.kind, _detail(notice, decision), language),
        room=notice.room_id,
        room_name=_room_name(work, notice.room_id),
        own_words=_own_words(work, message),
        lasts=_lasts(work, notice, until, message, language),
        until=until,
        stands=not _is_undone(work, notice) and (until is None or until > work.now),
        reason=notices.open_words(work, notice),
        rules=reason_words.rules(act.reasons, language) if act else [],
        detected=words("detected", detected, language=language),
        detected_by_machine=detected == "machine",
        decided=words("decided", notice.by_role, language=language),
        decided_by_machine=by_machine,
        by=by,
        clause=clause,
        clause_words=promises.as_read(clause, _clause_words(decision, act), language),
        model=_model(decision, act),
        policy=notice.policy,
        redress=_read_redress(work, notice),
    )


def _read_redress(work: Work, notice: Notice) -> bodies.Redress:
    state: Any = notice.appeal
    answer = stored.find_answer(work, notice)
    wait = appeals.usual_wait(work)
    return bodies.Redress(
        may_appeal=appeals.may_still(work, notice),
        until=notice.appeal_until,
        appeal=state,
        answer=notices.open_words(work, answer) if answer else None,
        usual_wait_s=int(wait.total_seconds()) if wait else None,
        outside=promises.outside(work, comfort.language_of(work, notice.member_id)),
    )


def _detail(notice: Notice, decision: Decision | None) -> str | None:
    """A warning or a pause may have kept a waiting message back."""
    if notice.code == _PLACE:
        return _PLACE
    kept = (decision and decision.before) or {}
    return "kept_back" if kept.get("message") == "held" else None


def _detected(notice: Notice, decision: Decision | None) -> str:
    if decision is None:
        return "staff" if notice.by else "unknown"
    return decision.detected_by or "unknown"


def _until(work: Work, notice: Notice) -> datetime | None:
    """When it ends by itself; an appeal may have made it sooner."""
    if notice.room_id is None or notice.kind not in {"pause", "removed"}:
        return notice.until
    return next(
        (
            one.end or notice.until
            for one in standing.sanctions(work, notice.room_id, notice.member_id)
            if one.decision.id == notice.decision_id
        ),
        notice.until,
    )


def _is_undone(work: Work, notice: Notice) -> bool:
    """By an appeal, or taken back by whoever decided."""
    if notice.appeal == "overturned":
        return True
    row = undo.of_decision(work, notice.decision_id) if notice.decision_id else None
    return row is not None and row.undone_at is not None


def _lasts(
    work: Work, notice: Notice, until: datetime | None, message: Message | None, language: str
) -> str:
    if _is_undone(work, notice):
        return words("lasts", "undone", language=language)
    if until:
        name = "until" if until > work.now else "over"
        return words("lasts", name, language=language).format(time=_time(until))
    waits = notice.kind == "held" and message is not None and message.state == "held"
    return words("lasts", "waiting" if waits else "open", language=language)


def _own_words(work: Work, message: Message | None) -> str | None:
    return messages.open_text(work, message) if message else None


def _room_name(work: Work, room_id: UUID | None) -> str | None:
    room = rooms.find_room(work, room_id) if room_id else None
    return room.name if room else None


def _clause_words(decision: Decision | None, act: Act | None) -> str | None:
    return act.clause_words if act else decision.clause_words if decision else None


def _model(decision: Decision | None, act: Act | None) -> str | None:
    return (act.model or None) if act else decision.model if decision else None


def _versions(statement: bodies.Statement, language: str) -> str:
    named = (("program", statement.model), ("policy", statement.policy))
    return ", ".join(
        f"{words('versions', name, language=language)} {version}"
        for name, version in named
        if version
    )


def _redress(redress: bodies.Redress, language: str) -> str:
    if redress.appeal:
        return words("asking", redress.appeal, language=language)
    if not redress.may_appeal or redress.until is None:
        return words("asking", "over", language=language)
    may = words("asking", "may", language=language).format(time=_time(redress.until))
    if not redress.usual_wait_s:
        return may
    usual = words("asking", "wait", language=language)
    return f"{may} {usual.format(span=timedelta(seconds=redress.usual_wait_s))}"


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
