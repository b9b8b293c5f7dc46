"""What is counted in the database to say whether this place is well; of nobody in particular."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import case, text
from sqlmodel import col, func, select

from moderation.cases import CLINICIANS_ONLY
from moderation.urgency import Urgency
from server.store import assessments, place, push
from server.store.audit import newest_of
from server.store.queue import LIVING
from server.store.tables import Case
from server.store.work import Work


@dataclass(frozen=True, slots=True)
class Waiting:
    """Cases of one urgency. overdue: past their time, and no person has done anything yet."""

    open: int = 0
    oldest_at: datetime | None = None
    overdue: int = 0


@dataclass(frozen=True, slots=True)
class Look:
    """What one look found, all of the same moment."""

    at: datetime
    cases: dict[Urgency, Waiting]
    unread: int
    """Messages that are shown and that no model has read, up to assessments.COUNTED_UP_TO."""
    push_on: bool
    push_sent: int
    push_failed: int
    push_outcome: str | None
    push_at: datetime | None
    backup_at: datetime | None
    key_backup_at: datetime | None
    database: str
    """Its name and version."""
    database_bytes: int
    unread_since: datetime | None = None
    """When the oldest was said that a model was late or broken for; None: nothing waits to be read."""


def look(work: Work) -> Look:
    """One look, now."""
    on, sent, failed, outcome, at = push.newest_outcome(work)
    found = place.find_place(work)
    return Look(
        at=work.now,
        cases=_cases(work),
        unread=assessments.count_unread(work),
        push_on=on,
        push_sent=sent,
        push_failed=failed,
        push_outcome=outcome,
        push_at=at,
        backup_at=newest_of(work, "backup.make"),
        key_backup_at=found.key_backup_at if found else None,
        database=version_of(work),
        database_bytes=_size(work),
        unread_since=assessments.waiting_since(work),
    )


def version_of(work: Work) -> str:
    """Which database, and which version of it."""
    if work.connection.dialect.name == "postgresql":
        return f"PostgreSQL {_one(work, 'SHOW server_version')}"
    return f"SQLite {_one(work, 'SELECT sqlite_version()')}"


def does_not_keep(work: Work) -> list[str]:
    """Settings of PostgreSQL by which a power cut takes what it said was written; SQLite's are ours."""
    if work.connection.dialect.name != "postgresql":
        return []
    return [name for name in ("fsync", "full_page_writes") if _one(work, f"SHOW {name}") == "off"]


def clock_ahead(work: Work) -> timedelta:
    """By how much the clock where the database runs is ahead of the one here; SQLite runs here."""
    if work.connection.dialect.name != "postgresql":
        return timedelta(0)
    there: datetime = work.connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return there - datetime.now(UTC)


def _cases(work: Work) -> dict[Urgency, Waiting]:
    """By urgency. Of what is for clinicians alone nothing is told."""
    is_overdue = (col(Case.due_at) < work.now) & col(Case.first_human_at).is_(None)
    query = (
        select(
            Case.urgency,
            func.count(),
            func.min(Case.opened_at),
            func.sum(case((is_overdue, 1), else_=0)),
        )
        .where(
            col(Case.open_key).is_not(None),
            col(Case.state).in_(LIVING),
            col(Case.kind).not_in(CLINICIANS_ONLY),
        )
        .group_by(col(Case.urgency))
    )
    found = {Urgency(urgency): Waiting(*rest) for urgency, *rest in work.session.exec(query)}
    return {urgency: found.get(urgency, Waiting()) for urgency in Urgency}


def _size(work: Work) -> int:
    if work.connection.dialect.name == "postgresql":
        return int(_one(work, "SELECT pg_database_size(current_database())"))
    return int(_one(work, "PRAGMA page_count")) * int(_one(work, "PRAGMA page_size"))


def _one(work: Work, statement: str) -> str:
    return str(work.connection.execute(text(statement)).scalar_one())
