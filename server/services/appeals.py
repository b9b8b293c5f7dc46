"""Asking again: an author appeals, another person judges, and what was wrong is undone in full."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from uuid import UUID

from moderation import ladder
from moderation.appeals import APPEAL_WINDOW
from moderation.cases import CaseKind, CaseState
from moderation.urgency import Urgency
from server.access import Actor, Relation, check
from server.errors import AppealClosed, BadFrame, NotNow
from server.protocol import frames
from server.services import (
    keepers,
    notices,
    publishing,
    reason_words,
    standing,
    steward,
    timers,
    wording,
)
from server.services.case_access import had_no_part
from server.services.cases import announce, new_case
from server.services.judged import Judged, Touched, move, tell_author
from server.store import acts, audit, cases, staff
from server.store import notices as stored
from server.store import standing as standing_store
from server.store.tables import Act, Case, CaseFlag, Message, Notice, Timer
from server.store.work import Work

_LATELY = timedelta(days=90)
_LEAST_WAITS, _MOST_WAITS = 5, 200


def appeal(work: Work, actor: Actor, notice_id: UUID, words: str) -> frames.Notice:
    """Ask for another look at what this notice tells. Raises AppealClosed, with why, when it cannot be."""
    notice = stored.find_own(work, actor.id, notice_id)
    check(actor, "notice.appeal", Relation.SELF if notice else Relation.NONE)
    assert notice is not None  # noqa: S101 - checked just now
    if why_not := _why_not(work, notice):
        raise AppealClosed(why_not)
    _open(work, notice, words)
    return notices.as_frame(work, notice)


def ask_about(work: Work, actor: Actor, act_id: UUID, words: str) -> frames.Notice:
    """Ask a person about anything in one's ledger: what restricted nothing, too. Raises AppealClosed."""
    act = acts.find_own(work, actor.id, act_id)
    check(actor, "ledger.ask", Relation.SELF if act else Relation.NONE)
    assert act is not None  # noqa: S101 - checked just now
    told = acts.notices_of(work, actor.id, [act.id]).get(act.id)
    notice = stored.find_own(work, actor.id, told.id) if told else _notice_of(work, act)
    assert notice is not None  # noqa: S101 - told to this member, or just now
    notice.appeal_until = act.at + APPEAL_WINDOW
    if why_not := _why_not(work, notice):
        raise AppealClosed(why_not)
    _open(work, notice, words)
    return notices.as_frame(work, notice)


def usual_wait(work: Work) -> timedelta | None:
    """The median of the answers of the last months; None where a few would say too much of each."""
    waits = standing_store.answered_waits(work, _LATELY, _MOST_WAITS)
    if len(waits) < _LEAST_WAITS:
        return None
    return timedelta(seconds=median(wait.total_seconds() for wait in waits))


def may_still(work: Work, notice: Notice) -> bool:
    """Whether its receiver may ask for another look at it now."""
    return _why_not(work, notice) is None


def _why_not(work: Work, notice: Notice) -> str | None:
    """Why nobody is asked again, kindly; None where somebody may be."""
    if notice.appeal == "open":
        return "You have asked already, and nothing is lost: somebody who had no part in it will answer."
    if notice.appeal:
        return (
            "Another person has looked at this already, and their answer stands. If you still think it "
            "is wrong, the statement of reasons says where you can turn outside this place."
        )
    if notice.appeal_until is None:
        return "Nothing was decided here that another person could change."
    if work.now > notice.appeal_until:
        return f"The time to ask for another look ended on {notice.appeal_until:%Y-%m-%d}."
    return None


def _notice_of(work: Work, act: Act) -> Notice:
    """What was told only in passing, so that there is something to ask about."""
    frame = notices.tell(
        work, member_id=act.member_id, kind="looked_at", code="asked",
        words=_words_of(act), room_id=act.room_id,
        message_id=act.message_id, act_id=act.id, automated=True, by_role="machine",
        policy=act.policy, appealable=True,
    )  # fmt: skip
    notice = stored.find_own(work, act.member_id, frame.id)
    assert notice is not None  # noqa: S101 - told just now
    notice.read_at = work.now
    return notice


def _open(work: Work, notice: Notice, words: str) -> None:
    case = _appeal_case(work, notice)
    cases.insert(work, case)
    cases.seal_words(work, case, words)
    _say_what_about(work, case, notice)
    notice.appeal = "open"
    work.session.add_all([case, notice])
    work.session.flush()
    timers.plan_rungs(work, case)
    if notice.kind in _SANCTIONS:
        timers.plan_lapse(work, case)
    announce(work, case)
    audit.append(work, notice.member_id, "appeal.open", case.id)


def uphold(work: Work, judged: Judged) -> None:
    """The first decision stays."""
    _settle(work, judged.case, "upheld")
    tell_author(work, judged, "appeal", code="upheld")


def overturn(work: Work, judged: Judged) -> None:
    """The first decision is undone in full."""
    notice = _settle(work, judged.case, "overturned")
    _UNDO.get(notice.kind, _leave)(work, judged, notice)
    tell_author(work, judged, "appeal", code="overturned")


def change(work: Work, judged: Judged) -> None:
    """A milder decision takes the place of the first."""
    check_change(work, judged.case, judged.asked.minutes)
    notice = _settle(work, judged.case, "changed")
    _SOFTEN.get(notice.kind, _leave)(work, judged, notice)
    tell_author(work, judged, "appeal", code="changed")


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
    """Whether a milder decision is possible. Raises NotNow; BadFrame when it needs a length and has none."""
    notice = _notice(work, case)
    if notice.code == "place":
        raise NotNow("A membership stays ended, or it is given back.")
    if minutes is None and notice.kind in {"pause", "removed"}:
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
    return any(
        member.id != case.subject_id and had_no_part(work, member.id, case)
        for member, _, _ in keepers.staff_for(work, case)
    )


def _undo_unjudged(work: Work, case: Case) -> None:
    notice = _settle(work, case, "overturned")
    _UNDO[notice.kind](work, _ByItself(case, cases.lock_message(work, case)), notice)
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
    room_id = notice.room_id or staff.a_room_of(work, notice.member_id)
    if room_id is None:
        raise AppealClosed
    about = cases.find_case(work, notice.case_id) if notice.case_id else None
    urgency = Urgency.SOON if notice.kind == "held" else Urgency.ROUTINE
    return new_case(
        work,
        CaseKind.APPEAL,
        urgency,
        room_id=room_id,
        subject_id=notice.member_id,
        message_id=notice.message_id,
        open_key=f"appeal:{notice.id}",
        appeal_of=notice.id,
        aside=_is_aside(work, notice, about),
        policy=notice.policy or "",
    )


def _say_what_about(work: Work, case: Case, notice: Notice) -> None:
    """Whoever judges it reads what the machine did: of a suggestion nothing else is left."""
    act = acts.find(work, notice.act_id) if notice.act_id else None
    if act is None:
        return
    words = [_words_of(act), *reason_words.rules(act.reasons)]
    flag = CaseFlag(
        case_id=case.id, source="classifier", reasons=act.reasons, words=words, spans=[],
        at=work.now,
    )  # fmt: skip
    cases.add_flag(work, case, flag, None)


def _words_of(act: Act) -> str:
    return reason_words.words("act", act.kind, act.about or act.code)


def _is_aside(work: Work, notice: Notice, about: Case | None) -> bool:
    """As the first case was; what is about the place is nobody's who keeps one room of it."""
    if about:
        return about.aside
    return notice.room_id is None or keepers.keeps_alone(work, notice.room_id, notice.member_id)


def _notice(work: Work, case: Case) -> Notice:
    notice = stored.find(work, case.appeal_of) if case.appeal_of else None
    assert notice is not None  # noqa: S101 - an appeal is about a notice
    return notice


def _settle(work: Work, case: Case, outcome: str) -> Notice:
    """First the outcome, then what follows: what stands is worked out from the outcomes."""
    notice = _notice(work, case)
    notice.appeal = outcome
    work.session.add(notice)
    work.session.flush()
    return notice


# --- undoing, by the kind of notice that told of it ---


def _show(work: Work, touched: Touched, notice: Notice) -> None:
    message = touched.message
    if message is None or message.state not in {"held", "hidden"}:
        return
    if (
        notice.kind == "held"
    ):  # the answer is about the message: who kept it back after the hold is answered too
        stored.overturn_hidden(work, message.id)
    if standing.keeps_hidden(work, touched.case.room_id, message):
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
    _settle_pause(work, touched, notice)
    _show_kept_back(work, touched, notice)


def _give_seat_back(work: Work, touched: Touched, notice: Notice) -> None:
    if notice.code == "place":
        steward.readmit(work, cases.get_subject(work, touched.case), notice.at)
        return
    standing.settle_seat(work, touched.case.room_id, touched.case.subject_id)
    _show_kept_back(work, touched, notice)


def _show_collapsed(work: Work, judged: Judged, notice: Notice) -> None:
    if judged.message:
        judged.message.collapsed_by = wording.conversation("collapsed_note")
        _show(work, judged, notice)


def _shorten_pause(work: Work, judged: Judged, notice: Notice) -> None:
    _settle_pause(work, judged, notice)


def _pause_instead(work: Work, judged: Judged, notice: Notice) -> None:
    standing.settle_seat(work, judged.case.room_id, judged.case.subject_id)
    _settle_pause(work, judged, notice)
    _show_kept_back(work, judged, notice)


def _leave(work: Work, judged: Judged, notice: Notice) -> None:
    """Nothing stands that could be undone: the answer itself is what changes."""


def _settle_pause(work: Work, touched: Touched, notice: Notice) -> None:
    standing.settle_pause(work, touched.case.room_id, touched.case.subject_id)


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
