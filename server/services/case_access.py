"""Who may look into a case: whoever keeps its room, and its clinicians where it concerns them."""

from uuid import UUID

from moderation.appeals import may_judge
from moderation.cases import Action
from server.access import Actor, Relation, aside, check, relation_of
from server.errors import Claimed, NotAllowed, NotFound, Stale
from server.services.cases import is_claimed, is_for_clinicians, is_only_for_clinicians
from server.store import cases, colleagues, notices, rooms
from server.store.tables import Case
from server.store.work import Work


def get_case(
    work: Work, actor: Actor, operation: str, case_id: UUID, *, lock: bool = False
) -> Case:
    """A case the actor may do this with. Raises NotFound: missing and not theirs look the same."""
    case = cases.find_locked(work, case_id) if lock else cases.find_case(work, case_id)
    if case is None or case.subject_id == actor.id:
        raise NotFound
    seat = rooms.find_seat(work, case.room_id, actor.id)
    relation = relation_of(seat.seat if seat else None)
    relation = aside(relation) if case.aside else relation
    if is_only_for_clinicians(case) and relation is not Relation.CARER:
        raise NotFound
    check(actor, operation, relation)
    if relation is Relation.CARER and not _reaches(work, actor, operation, case):
        raise NotFound
    return case


def check_free(work: Work, actor: Actor, case: Case) -> None:
    """Raises Claimed, with who it is and until when, while another person looks at it."""
    if case.claimed_by is None or case.claimed_until is None or case.claimed_by == actor.id:
        return
    if is_claimed(case, work.now):
        until = f"{case.claimed_until:%H:%M} UTC"
        raise Claimed(
            f"{_name(work, actor, case.claimed_by)} has this case until {until}. {_ANOTHER}"
        )


def check_version(work: Work, actor: Actor, case: Case, version: int) -> None:
    """Raises Stale, with who acted last, when somebody acted since it was read."""
    if case.version != version:
        raise Stale(_what_happened(work, actor, case, version))


def may_judge_it(work: Work, actor: Actor, case: Case) -> bool:
    """Whether the actor had no part in what an appeal is about. Any other case: always."""
    return had_no_part(work, actor.id, case)


def had_no_part(work: Work, member_id: UUID, case: Case) -> bool:
    """The same for any member, whether they ask or not."""
    notice = notices.find(work, case.appeal_of) if case.appeal_of else None
    if notice is None:
        return True
    told_by = [notice.by] if notice.by else []
    decided_by = cases.deciders(work, notice.case_id, case.message_id)
    return all(may_judge(decider, member_id) for decider in [*told_by, *decided_by])


def check_judge(work: Work, actor: Actor, case: Case) -> None:
    """Raises NotAllowed when the actor would judge their own decision."""
    if not may_judge_it(work, actor, case):
        raise NotAllowed("Somebody who had no part in the first decision judges this.")


def _what_happened(work: Work, actor: Actor, case: Case, version: int) -> str | None:
    """Since this version, in words; None when it was nobody's claim or decision: a further flag, say."""
    if case.claimed_by and is_claimed(case, work.now):
        return f"{_name(work, actor, case.claimed_by)} took this case meanwhile. {_AGAIN}"
    decided = [one for one in cases.decisions_of(work, case.id) if one.case_version >= version]
    if decided:
        name = _name(work, actor, decided[-1].by)
        return f"{name} decided on this meanwhile: {decided[-1].action}. {_AGAIN}"
    return None


def _name(work: Work, actor: Actor, member_id: UUID) -> str:
    return "You" if member_id == actor.id else cases.member_names(work, {member_id})[member_id]


_TO_THEM = frozenset({Action.ESCALATE, Action.REMOVE_FROM_PLACE})
_ASKED = frozenset({"case.read", "opinion.answer"})
"""Whoever is asked what they think reads the case and answers; it does not become theirs."""
_ANOTHER = "Please take another one; what you wrote is still yours."
_AGAIN = "Please look again; what you wrote is still yours."


def _reaches(work: Work, actor: Actor, operation: str, case: Case) -> bool:
    """Whether a clinician may do this with it: it concerns them, or they were asked what they think."""
    if concerns_clinicians(work, case):
        return True
    return operation in _ASKED and colleagues.is_asked(work, case.id, actor.id)


def concerns_clinicians(work: Work, case: Case) -> bool:
    """Whether the room's clinicians may open it: see cases.is_for_clinicians, or it once was theirs."""
    decided = cases.decisions_of(work, case.id)
    return is_for_clinicians(case) or any(row.action in _TO_THEM for row in decided)
