"""What a case does for those outside who asked for a look: they learn what became of the content, and no more."""

from uuid import UUID

from server.store import audit, cases, outside
from server.store.tables import Case, Message, OutsideReport
from server.store.work import Work

_OUTCOMES = {"published": "kept", "hidden": "taken_down", "withdrawn": "gone", "held": "taken_down"}
"""By where the message stands. What is held back is out of sight."""


def note_seen(work: Work, case: Case) -> None:
    """A person opened the case: its reports were looked at."""
    for report in outside.unseen_of(work, case.id):
        report.seen_at = work.now
        work.session.add(report)


def end(work: Work, case: Case, message: Message | None) -> None:
    """The case closed: each report on it is decided by what became of the message."""
    for report in outside.undecided_of(work, case.id):
        settle(work, report, _OUTCOMES[message.state] if message else "gone")
        report.clause_words = _clause_words(work, case)
        work.session.add(report)
        audit.append(work, None, f"report.decided.{report.outcome}", report.id)


def settle(work: Work, report: OutsideReport, outcome: str, *, by: UUID | None = None) -> None:
    """The clock stops."""
    report.outcome, report.decided_at, report.by = outcome, work.now, by
    report.seen_at = report.seen_at or work.now
    work.session.add(report)
    work.session.flush()


def outcome_now(work: Work, report: OutsideReport) -> str | None:
    """As it stands: another look may have brought a message back, or taken it away since."""
    if report.outcome is None or report.message_id is None:
        return report.outcome
    message = work.session.get(Message, report.message_id)
    now = _OUTCOMES[message.state] if message else "gone"
    was_taken_down = report.outcome == "taken_down" and now == "gone"
    return report.outcome if was_taken_down else now


def _clause_words(work: Work, case: Case) -> str | None:
    decided = [one for one in cases.decisions_of(work, case.id) if one.clause_words]
    return decided[-1].clause_words if decided else None
