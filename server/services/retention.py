"""How long each kind of data is kept: a steward sets it, everybody may read it, a daily look keeps to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from server.access import Actor, check
from server.errors import BadFrame
from server.protocol import rights as wire
from server.services import publishing
from server.store import audit, erasing, retaining
from server.store.tables import Retention
from server.store.work import Work

_EVERY: Final = timedelta(days=1)
_SOME: Final = 100
"""Rows in one transaction: people who talk must not wait for this."""
_YEAR: Final = 365


@dataclass(frozen=True, slots=True)
class Rule:
    """The default, and what may be set. days: None: until its owner takes it away."""

    days: int | None
    fewest: int
    most: int
    may_be_unlimited: bool = False


RULES: Final[Mapping[wire.Kind, Rule]] = {
    "messages": Rule(None, 30, 10 * _YEAR, may_be_unlimited=True),
    "revisions": Rule(90, 7, _YEAR),
    "cases": Rule(2 * _YEAR, 180, 10 * _YEAR),
    "assessments": Rule(_YEAR, 30, 3 * _YEAR),
    "nudges": Rule(_YEAR, 30, 3 * _YEAR),
    "notices": Rule(3 * _YEAR, 180, 10 * _YEAR),
    "sessions": Rule(30, 1, _YEAR),
    "invitations": Rule(90, 7, _YEAR),
    "shifts": Rule(_YEAR, 30, 3 * _YEAR),
    "exports": Rule(7, 2, 30),
    "holds": Rule(90, 30, _YEAR),
    "reports": Rule(2 * _YEAR, 180, 10 * _YEAR),
    "complaints": Rule(3 * _YEAR, 180, 10 * _YEAR),
}
"""notices and cases: longer than anybody may still ask about a decision (30 days) or a court usually takes."""


def read_shown(work: Work, actor: Actor | None) -> wire.RetentionShown:
    """For everybody, also before they sign up."""
    check(actor, "place.retention")
    kept = [wire.KeptShown(kind=kind, days=days_of(work, kind)) for kind in RULES]
    return wire.RetentionShown(kept=kept)


def read(work: Work, actor: Actor) -> wire.Retention:
    """All of it, as a steward sets it."""
    check(actor, "steward.retention")
    return wire.Retention(kept=[_kept(work, kind) for kind in RULES])


def change(work: Work, actor: Actor, kind: wire.Kind, patch: wire.RetentionPatch) -> wire.Retention:
    """Other days for one kind. Raises BadFrame for too few or too many. It counts from the next daily look on."""
    check(actor, "steward.retention")
    rule = RULES[kind]
    row = retaining.find(work, kind) or Retention(kind=kind)
    if not patch.as_shipped:
        _check(rule, patch.days)
    row.is_set, row.days = not patch.as_shipped, None if patch.as_shipped else patch.days
    retaining.put(work, row)
    days = days_of(work, kind)
    audit.append(work, actor.id, "place.retention", f"{kind}:{days if days else 'unlimited'}")
    return read(work, actor)


def days_of(work: Work, kind: str) -> int | None:
    """As it counts now; None: until its owner takes it away."""
    row = retaining.find(work, kind)
    return row.days if row and row.is_set else _rule(kind).days


def find_due(work: Work) -> list[str]:
    """Kinds that were not looked through for a day."""
    found = {kind: retaining.find(work, kind) for kind in RULES}
    return [
        kind
        for kind, row in found.items()
        if row is None or row.ran_at is None or row.ran_at + _EVERY <= work.now
    ]


def find_past(work: Work, kind: str) -> Sequence[UUID]:
    """Some rows of a kind that are past their days."""
    before = _before(work, kind)
    return retaining.past(work, kind, before, _SOME) if before else ()


def remove(work: Work, kind: str, ids: Sequence[UUID]) -> int:
    """These rows, as far as they are still to go."""
    before = _before(work, kind)
    if before is None:
        return 0
    if kind != "messages":
        return retaining.remove(work, kind, before, ids)
    found = retaining.messages(work, before, ids)
    for message in found:
        was_shown = message.state == "published"
        erasing.forget(message)
        work.session.add(message)
        if was_shown:
            publishing.announce_change(work, message, "withdrawn")
    return len(found)


def note_ran(work: Work, kind: str, removed: int) -> None:
    """A kind was looked through to its end."""
    row = retaining.find(work, kind) or Retention(kind=kind)
    row.ran_at, row.removed = work.now, removed
    retaining.put(work, row)


def _before(work: Work, kind: str) -> datetime | None:
    """What is older goes. Holds carry their own date."""
    if kind == "holds":
        return work.now
    days = days_of(work, kind)
    return work.now - timedelta(days=days) if days else None


def _check(rule: Rule, days: int | None) -> None:
    if days is None and not rule.may_be_unlimited:
        raise BadFrame("This kind is kept for a number of days.")
    if days is not None and not rule.fewest <= days <= rule.most:
        raise BadFrame(f"Between {rule.fewest} and {rule.most} days.")


def _kept(work: Work, kind: wire.Kind) -> wire.Kept:
    row, rule = retaining.find(work, kind), RULES[kind]
    return wire.Kept(
        kind=kind,
        days=days_of(work, kind),
        default_days=rule.days,
        fewest=rule.fewest,
        most=rule.most,
        may_be_unlimited=rule.may_be_unlimited,
        ran_at=row.ran_at if row else None,
        removed=row.removed if row else 0,
    )


def _rule(kind: str) -> Rule:
    return next(rule for known, rule in RULES.items() if known == kind)
