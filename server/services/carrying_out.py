"""What each decision sets going, and what the closing of a case does for those who asked for a look."""

from collections.abc import Callable, Mapping
from uuid import UUID

from moderation.cases import SANCTIONS, Action
from server.services import appeals, effects, notices, outside_answers, removals
from server.services.judged import Judged
from server.store import cases, messages, undo
from server.store.tables import Case, Message
from server.store.work import Work

EFFECTS: Mapping[Action, Callable[[Work, Judged], None]] = {
    Action.DISMISS: effects.dismiss,
    Action.HIDE: effects.hide,
    Action.CARE_NOTE: effects.care_note,
    Action.WARN: effects.warn,
    Action.PAUSE: effects.pause,
    Action.REMOVE_MEMBER: effects.remove_member,
    Action.REMOVE_FROM_PLACE: removals.ask,
    Action.REACH_OUT: effects.reach_out,
    Action.SHARE_RESOURCES: effects.share_resources,
    Action.ESCALATE: effects.escalate,
    Action.UPHOLD: appeals.uphold,
    Action.OVERTURN: appeals.overturn,
    Action.CHANGE: appeals.change,
}


def end(work: Work, case: Case, message: Message | None) -> None:
    """Those who asked for a look are told; words that were kept only for this case go."""
    if message and message.state == "withdrawn" and not cases.any_living_about(work, message.id):
        messages.forget_words(work, message)
    outside_answers.end(work, case, message)
    for member_id in {flag.by for flag in cases.flags_of(work, case.id) if flag.source == "member"}:
        if member_id and member_id != case.subject_id:
            _answer_flag(work, case, member_id, _what_came_of_it(work, case))


def _what_came_of_it(work: Work, case: Case) -> str:
    """A code that tells nobody of another's sanction."""
    undone = undo.undone_of(work, case.id)
    actions = {one.action for one in cases.decisions_of(work, case.id) if one.id not in undone}
    if actions & _KIND:
        return "helped"
    return "acted" if actions & SANCTIONS else "left"


_KIND = frozenset({Action.CARE_NOTE, Action.REACH_OUT, Action.SHARE_RESOURCES})


def _answer_flag(work: Work, case: Case, member_id: UUID, code: str) -> None:
    notices.tell(
        work,
        member_id=member_id,
        kind="flag_answered",
        code=code,
        words=None,
        by_role="moderator",
        room_id=case.room_id,
        message_id=case.message_id,
        case_id=case.id,
    )
