"""Is this place well? Judged from figures, the same for the steward's page and for `hearth doctor`."""

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from moderation.urgency import Urgency
from server.access import Actor, check
from server.protocol.well import FindingName, FindingState
from server.services import pushing
from server.store import well
from server.store.copies.key_copies import KEEP
from server.store.well import Look
from server.store.work import Work

BACKUP_OLD = timedelta(days=7)
LEAST_FREE_BYTES = 1024**3
"""Less, and a backup or a busy evening may fill it."""
_LITTLE_FREE = 0.1
_SLOW_S = 1.0
_MANY_WAITING = 100
_TOO_MANY_WAITING = 2_000
"""Of the 4,096 that fit; more than that are refused."""
_LATELY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Disk:
    """Where the data live."""

    free_bytes: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Process:
    """What the running server knows of itself.

    posted_s: 95 of 100 answers to what somebody wrote came within so long, in the last minutes; None: none came.
    """

    classifier: str
    waiting: int
    posted_s: float | None
    last_error_at: datetime | None
    all_read: bool = True
    """Every classifier process answers."""


def read_look(work: Work, actor: Actor) -> Look:
    """A look of one's own, for who may have it."""
    check(actor, "steward.well")
    return well.look(work)


def disk_of(folder: Path) -> Disk:
    """The disk on which this folder is."""
    found = shutil.disk_usage(folder)
    return Disk(found.free, found.total)


def judge(
    look: Look, process: Process, disk: Disk, now: datetime
) -> dict[FindingName, FindingState]:
    """Each thing, and whether somebody should act. Pure."""
    return {
        "queue": judge_queue(look),
        "classifier": judge_classifier(process.classifier, all_read=process.all_read),
        "unread": "look" if look.unread else "well",
        "writing": "look" if (process.posted_s or 0) >= _SLOW_S else "well",
        "waiting": judge_waiting(process.waiting),
        "push": judge_push(look),
        "disk": judge_disk(disk),
        "backup": "mend" if is_old(look.backup_at, BACKUP_OLD, now) else "well",
        "keys": "mend" if is_old(look.key_backup_at, KEEP, now) else "well",
        "errors": "well" if is_old(process.last_error_at, _LATELY, now) else "look",
    }


def judge_queue(look: Look) -> FindingState:
    """Somebody who is waited for in danger is everybody's business."""
    if look.cases[Urgency.NOW].overdue:
        return "mend"
    return "look" if any(waiting.overdue for waiting in look.cases.values()) else "well"


def judge_classifier(state: str, *, all_read: bool) -> FindingState:
    """While it is away words go out unread but for the lexicon. While one of several is, the others read on."""
    if state == "ready":
        return "well" if all_read else "look"
    return "mend" if state == "down" else "look"


def judge_waiting(units: int) -> FindingState:
    """How long the writer's queue is."""
    if units >= _TOO_MANY_WAITING:
        return "mend"
    return "look" if units >= _MANY_WAITING else "well"


def judge_push(look: Look) -> FindingState:
    """By how the newest try ended. A browser that is gone for good is nobody's failure."""
    ended_well = look.push_outcome in {None, pushing.DONE, *pushing.GONE}
    return "well" if ended_well or not look.push_on else "mend"


def judge_disk(disk: Disk) -> FindingState:
    """Before it is full: a full one refuses every word."""
    if disk.free_bytes < LEAST_FREE_BYTES:
        return "mend"
    return "look" if disk.free_bytes < disk.size_bytes * _LITTLE_FREE else "well"


def is_old(at: datetime | None, most: timedelta, now: datetime) -> bool:
    """Whether it never happened, or longer ago than that."""
    return at is None or now - at > most
