"""Asking again: an author appeals, another person judges, and what was wrong is undone in full."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from moderation import ladder
from moderation.cases import CaseKind, CaseState
from moderation.urgency import Urgency
from server.access import Actor, Relation, check
from server.errors import AppealClosed, BadFrame
from server.protocol import frames
from server.services import notices, publishing, seats, timers, wording
from server.services.case_access import had_no_part
from server.services.cases import announce, new_case
from server.services.judged import Judged, Touched, move, tell_author
from server.store import audit, cases, rooms
from server.store import notices as stored
from server.store import timers as stored_timers
from server.store.tables import Case, Membership, Message, Notice, Timer
from server.store.work import Work


def appeal(work: Work, actor: Actor, notice_id: UUID, words: str) -> frames.Notice:
    """Ask for another look at what this notice tells. Raises AppealClosed when it cannot be."""
    notice = stored.find_own(work, actor.id, notice_id)
    check(actor, "notice.appeal", Relation.SELF if notice else Relation.NONE)
    assert notice is not None  # noqa: S101 - checked just now
    if notice.appeal or notice.appeal_until is None or work.now > notice.appeal_until:
        raise AppealClosed
    case = _appeal_case(work, notice)
    cases.insert(work, case)
    cases.seal_words(work, case, words)
    notice.appeal = "open"
    work.session.add_all([case, notice])
    work.session.flush()
    timers.plan_rungs(work, case)
    if notice.kind in _SANCTIONS:
        timers.plan_lapse(work, case)
    announce(work, case)
    audit.append(work, actor.id, "appeal.open", case.id)
    return notices.as_frame(work, notice)


def uphold(work: Work, judged: Judged) -> None:
    """The first decision stays."""
    _answer(work, judged, "upheld")


def overturn(work: Work, judged: Judged) -> None:
    """The first decision is undone in full."""
    notice = _notice(work, judged.case)
    _UNDO[notice.kind](work, judged, notice)
    _answer(work, judged, "overturned")


def change(work: Work, judged: Judged) -> None:
    """A milder decision takes the place of the first."""
    notice = _notice(work, judged.case)
    _SOFTEN.get(notice.kind, _leave)(work, judged, notice)
    _answer(work, judged, "changed")


def answer_moot(work: Work, message_id: UUID) -> None:
    """A held message was published: whoever asked for that has their answer."""
    for case in cases.living_about(work, message_id, CaseKind.APPEAL):
        notice = _notice(work, case)
        if notice.kind == "held":
            notice.appeal = "overturned"
            work.session.add(notice)
            move(work, case, CaseState.CLOSED)


def close_moot(work: Work, notice: Notice) -> None:
    """What was appealed no longer stands: whoever asked has their answer."""
    case = cases.find_by_key(work, f"appeal:{notice.id}")
    notice.appeal = "overturned"
    work.session.add(notice)
    if case:
        move(work, case, CaseState.CLOSED, by_person=False)


def check_change(work: Work, case: Case, minutes: int | None) -> None:
    """Raises BadFrame when the milder decision would need a length and has none."""
    if minutes is None and _notice(work, case).kind in {"pause", "removed"}:
        raise BadFrame("Please say how long the pause lasts instead.")


def lapse(work: Work, timer: Timer, case: Case) -> None:
    """An appeal that nobody may judge is not left for ever: what was appealed is undone.

    While somebody may, it waits for them, and the question is asked again each day.
    """
    if case.open_key is None:
        timer.done_at = work.now
    elif _may_be_judged(work, case):
        timer.due_at = work.now + ladder.LAPSE_ASKED_EVERY
    else:
        timer.done_at = work.now
        _undo_unjudged(work, case)
    work.session.add(timer)


def _may_be_judged(work: Work, case: Case) -> bool:
    staff = stored_timers.staff_of(work, case.room_id)
    return any(
        member.id != case.subject_id and had_no_part(work, member.id, case)
        for member, _, _ in staff
    )


def _undo_unjudged(work: Work, case: Case) -> None:
    notice = _notice(work, case)
    _UNDO[notice.kind](work, _ByItself(case, cases.lock_message(work, case)), notice)
    notice.appeal = "overturned"
    work.session.add(notice)
    move(work, case, CaseState.CLOSED, by_person=False)
    notices.tell(
        work, member_id=case.subject_id, kind="appeal", code="lapsed", words=None,
        room_id=case.room_id, message_id=case.message_id, case_id=case.id, automated=True,
        by_role="machine", policy=case.policy,
    )  # fmt: skip
    audit.append(work, None, "case.lapse", case.id)


@dataclass(frozen=True, slots=True)
class _ByItself:
    """What nobody decided."""

    case: Case
    message: Message | None


def _appeal_case(work: Work, notice: Notice) -> Case:
    if notice.room_id is None:  # about the place, not about a room: its steward is asked in person
        raise AppealClosed
    urgency = Urgency.SOON if notice.kind == "held" else Urgency.ROUTINE
    return new_case(
        work,
        CaseKind.APPEAL,
        urgency,
        room_id=notice.room_id,
        subject_id=notice.member_id,
        message_id=notice.message_id,
        open_key=f"appeal:{notice.id}",
        appeal_of=notice.id,
        policy=notice.policy or "",
    )


def _notice(work: Work, case: Case) -> Notice:
    notice = stored.find(work, case.appeal_of) if case.appeal_of else None
    assert notice is not None  # noqa: S101 - an appeal is about a notice
    return notice


def _answer(work: Work, judged: Judged, outcome: str) -> None:
    notice = _notice(work, judged.case)
    notice.appeal = outcome
    work.session.add(notice)
    tell_author(work, judged, "appeal", code=outcome)


# --- undoing, by the kind of notice that told of it ---


def _show(work: Work, touched: Touched, notice: Notice) -> None:
    message = touched.message
    if message is None or message.state not in {"held", "hidden"}:
        return
    publishing.show(work, message)
    if notice.kind == "held":
        for case in cases.living_about(work, message.id, CaseKind.HELD):
            move(work, case, CaseState.CLOSED)


def _show_kept_back(work: Work, touched: Touched, notice: Notice) -> None:
    """A warning or a pause kept a held message back; it comes with them."""
    if touched.message and touched.message.seq is None:
        _show(work, touched, notice)


def _uncollapse(work: Work, touched: Touched, notice: Notice) -> None:
    message = touched.message
    if message is None or message.collapsed_by is None:
        return
    message.collapsed_by = None
    work.session.add(message)
    if message.state == "published":
        publishing.announce_change(work, message, "collapsed")


def _lift_pause(work: Work, touched: Touched, notice: Notice) -> None:
    _set_pause(work, touched, notice, None)
    _show_kept_back(work, touched, notice)


def _give_seat_back(work: Work, touched: Touched, notice: Notice) -> None:
    if notice.code == "place":
        member = cases.get_subject(work, touched.case)
        member.state = "active"
        work.session.add(member)
    seat = rooms.find_any_seat(work, touched.case.room_id, touched.case.subject_id)
    if seat and seat.removed_at:
        seats.take_seat(work, seat.room_id, seat.member_id, seat.seat)
    _show_kept_back(work, touched, notice)


def _show_collapsed(work: Work, judged: Judged, notice: Notice) -> None:
    if judged.message:
        judged.message.collapsed_by = wording.conversation("collapsed_note")
        _show(work, judged, notice)


def _shorten_pause(work: Work, judged: Judged, notice: Notice) -> None:
    if notice.until:
        _set_pause(work, judged, notice, min(notice.until, _pause_end(work, judged)))


def _pause_instead(work: Work, judged: Judged, notice: Notice) -> None:
    pause_end = _pause_end(work, judged)
    _give_seat_back(work, judged, notice)
    seat = rooms.find_any_seat(work, judged.case.room_id, judged.case.subject_id)
    if seat:
        _pause_seat(work, seat, pause_end)


def _leave(work: Work, judged: Judged, notice: Notice) -> None:
    """Nothing stands that could be undone: the answer itself is what changes."""


def _set_pause(work: Work, touched: Touched, notice: Notice, end: datetime | None) -> None:
    """Only the pause that was appealed: a later one is another decision."""
    seat = rooms.find_any_seat(work, touched.case.room_id, touched.case.subject_id)
    if seat and seat.paused_until == notice.until:
        _pause_seat(work, seat, end)


def _pause_seat(work: Work, seat: Membership, end: datetime | None) -> None:
    seat.paused_until = end
    work.session.add(seat)


def _pause_end(work: Work, judged: Judged) -> datetime:
    if judged.asked.minutes is None:
        raise BadFrame("Please say how long the pause lasts instead.")
    return work.now + timedelta(minutes=judged.asked.minutes)


_Undo = Callable[[Work, Touched, Notice], None]
_Soften = Callable[[Work, Judged, Notice], None]
_SANCTIONS = frozenset({"warn", "pause", "removed", "hidden"})
"""What a person did to somebody; what the machine did waits for a person."""
_UNDO: Mapping[str, _Undo] = {
    "held": _show,
    "hidden": _show,
    "collapsed": _uncollapse,
    "assessed_late": _uncollapse,
    "warn": _show_kept_back,
    "pause": _lift_pause,
    "removed": _give_seat_back,
}
_SOFTEN: Mapping[str, _Soften] = {
    "held": _show_collapsed,
    "hidden": _show_collapsed,
    "pause": _shorten_pause,
    "removed": _pause_instead,
}
