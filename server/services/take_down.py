"""The take-down clock: within how long each kind of report is decided, what waits, and what is late."""

import tomllib
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple, get_args

from moderation.urgency import Urgency
from server.access import Actor, check
from server.protocol import duties as bodies
from server.services import notices
from server.store import audit, complaints, outside, staff
from server.store.work import Work

KINDS: Final[tuple[bodies.ReportKind, ...]] = get_args(bodies.ReportKind)
_FILE: Final = Path(__file__).with_name("outside_kinds.toml")
_A_DAY: Final = 24
_A_YEAR: Final = timedelta(days=365)
_AT_ONCE: Final = 50


class Kind(NamedTuple):
    """hours: as shipped. named: whether the law asks who reports it."""

    hours: int
    urgency: Urgency
    named: bool


@cache
def kinds() -> Mapping[str, Kind]:
    """Every kind of report, in the order of the form."""
    found = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return {
        name: Kind(row["hours"], Urgency(row["urgency"]), row["named"])
        for name, row in found.items()
    }


def hours_of(work: Work, kind: str) -> int:
    """As it counts now."""
    return outside.hours_set(work).get(kind, kinds()[kind].hours)


def due_at(work: Work, kind: str) -> datetime:
    """When a report that comes now is to be decided."""
    return work.now + timedelta(hours=hours_of(work, kind))


def urgency_of(work: Work, kind: str) -> Urgency:
    """How soon a person looks first. A look within a day would be too late for a clock shorter than that."""
    shipped = kinds()[kind].urgency
    return Urgency.SOON if hours_of(work, kind) < _A_DAY else shipped


def times(work: Work) -> list[bodies.TakeDownTime]:
    """What counts here, and what was shipped."""
    own = outside.hours_set(work)
    return [
        bodies.TakeDownTime(
            kind=kind, hours=own.get(kind, kinds()[kind].hours), default_hours=kinds()[kind].hours
        )
        for kind in KINDS
    ]


def change(
    work: Work, actor: Actor, kind: bodies.ReportKind, patch: bodies.TakeDownPatch
) -> list[bodies.TakeDownTime]:
    """Other hours, for reports that come from now on."""
    check(actor, "steward.reports")
    outside.set_hours(work, kind, patch.hours)
    audit.append(work, actor.id, "take_down.time", f"{kind}:{patch.hours or 'shipped'}")
    return times(work)


def status(work: Work) -> bodies.DutiesStatus:
    """What waits, and how long the last year's reports took: the median, in seconds."""
    waiting, late = outside.count_open(work)
    waits = outside.waits_s(work, work.now - _A_YEAR)
    return bodies.DutiesStatus(
        open=waiting,
        late=late,
        median_s=int(median(waits)) if waits else None,
        complaints_open=complaints.count_open(work),
    )


def has_late(work: Work) -> bool:
    """Whether the stewards have yet to be told of one."""
    return outside.has_late_untold(work)


def tell_late(work: Work) -> None:
    """Every steward is told once of each report that is past its time."""
    for report in outside.late_untold(work, _AT_ONCE):
        report.late_told_at = work.now
        work.session.add(report)
        tell_stewards(work, "late")
        audit.append(work, None, "report.late", report.id)


def tell_stewards(work: Work, code: Any) -> None:
    """All who run this place; of what, stands on their page."""
    for steward in staff.stewards(work):
        notices.tell(
            work, member_id=steward.id, kind="outside_report", code=code, words=None,
            by_role="machine", automated=True,
        )  # fmt: skip
