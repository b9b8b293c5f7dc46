"""What happens without anybody: timers that are due, and shifts whose member is gone."""

from collections.abc import Sequence
from uuid import UUID

from server.services import appeals, ladder, looking_again, notices, queue, undoing
from server.services.queue import LEASE
from server.store import audit
from server.store import timers as stored
from server.store import undo as stored_undo
from server.store.tables import Shift
from server.store.work import Work

_AT_ONCE = 50


def find_due(work: Work) -> Sequence[UUID]:
    """Timers that are due, the longest due first; some, not all of many."""
    return stored.find_due(work, _AT_ONCE, LEASE)


def run(work: Work, timer_id: UUID, *, has_command: bool) -> bool:
    """Do what one timer is there for. False when it is no longer to be done."""
    taken = stored.take(work, timer_id, LEASE)
    if taken is None:
        return False
    timer, case = taken
    if timer.kind in stored.CALLS:
        ladder.climb(work, timer, case, has_command=has_command)
    elif timer.kind == stored.LOOK_AGAIN:
        looking_again.look_again(work, timer, case)
    elif timer.kind == stored_undo.SETTLE:
        undoing.settle(work, timer, case)
    else:
        appeals.lapse(work, timer, case)
    return True


def find_forsaken(work: Work) -> Sequence[Shift]:
    """Shifts of members who are logged in nowhere: the rooms must not count on them."""
    return stored.forsaken_shifts(work)


def end_forsaken(work: Work) -> None:
    """These shifts end, and not silently."""
    for running in stored.forsaken_shifts(work):
        queue.end_shift(work, running)
        notices.tell(
            work, member_id=running.member_id, kind="shift_ended", code="shift_ended", words=None,
            automated=True, by_role="machine",
        )  # fmt: skip
        audit.append(work, None, "shift.lapse", running.member_id)
