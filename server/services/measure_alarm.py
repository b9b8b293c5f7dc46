"""An answer calls for a person: the clinicians of a group are called, and nobody else hears of it."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from moderation.cases import CaseKind
from moderation.ladder import Rung
from moderation.urgency import Urgency
from server.measures import Definition
from server.services import notices, pushing
from server.services.cases import announce, new_case, open_or_join
from server.store import audit, cases, consents, timers
from server.store.tables import CaseFlag, Membership
from server.store.work import Work

_WORDS = {
    "agreed": "An answer in a questionnaire says that its author may be in danger.",
    "asked": "An answer in a questionnaire says that its author may be in danger, and they ask to be called.",
}


def clinicians_of(work: Work, room_id: UUID) -> list[UUID]:
    """The active clinicians of a group."""
    return [one.id for one, seat, _ in timers.staff_of(work, room_id) if seat == "clinician"]


def who_comes(work: Work, room_id: UUID, member_id: UUID) -> list[UUID]:
    """The active clinicians of a group, but not the member themselves."""
    return [one for one in clinicians_of(work, room_id) if one != member_id]


def is_agreed(work: Work, member_id: UUID, room_id: UUID) -> bool:
    """Whether the member lets the clinicians of this group be called by an answer."""
    return consents.find_standing(work, member_id, "alerts", room_id) is not None


def call_agreed(
    work: Work, member_id: UUID, seats: Sequence[Membership], definition: Definition, value: int
) -> None:
    """Call the clinicians of each group that the member agreed to."""
    for seat in seats:
        if is_agreed(work, member_id, seat.room_id):
            call(work, member_id, seat.room_id, definition, value, "agreed")


def call(
    work: Work,
    member_id: UUID,
    room_id: UUID,
    definition: Definition,
    value: int,
    why: Literal["agreed", "asked"],
) -> bool:
    """Open a case for the clinicians of this group, or make the open one more urgent; call all of them.

    value: the answer that asks for it, above 0. False when there is no clinician to come.
    """
    called = who_comes(work, room_id, member_id)
    if definition.danger is None or not called:
        return False
    case = new_case(
        work,
        CaseKind.MEASURE,
        definition.danger.urgency[value],
        room_id=room_id,
        subject_id=member_id,
        open_key=f"measure:{room_id}:{member_id}",
        about="self",
        policy=f"{definition.id} {definition.version}",
    )
    standing = open_or_join(work, case)
    flag = CaseFlag(
        case_id=standing.id, source="measure", reasons=[f"measure_{why}"], words=[_WORDS[why]],
        spans=[], at=work.now,
    )  # fmt: skip
    cases.add_flag(work, standing, flag, _answer(definition, value))
    work.session.flush()
    announce(work, standing, alert=True)
    for clinician in called:
        notices.tell(
            work, member_id=clinician, kind="called", code="measure", words=None, room_id=room_id,
            case_id=standing.id, automated=True, by_role="machine",
        )  # fmt: skip
    pushing.plan(work, standing, Rung.CLINICIANS, called)
    notices.tell(
        work, member_id=member_id, kind="measure_called", code=why, words=None, room_id=room_id,
        automated=True, by_role="machine",
    )  # fmt: skip
    audit.append(work, None, "measure.call", standing.id)
    return True


def is_waiting(work: Work, member_id: UUID, room_id: UUID, urgency: Urgency) -> bool:
    """Whether its clinicians were called already, for something as urgent."""
    standing = cases.find_by_key(work, f"measure:{room_id}:{member_id}")
    return standing is not None and standing.urgency_rank >= urgency.rank


def _answer(definition: Definition, value: int) -> str:
    """The question and the answer, word for word: sealed with the case, under the member's key."""
    assert definition.danger is not None  # noqa: S101 - checked by the caller
    link_id = definition.danger.link_id
    question = next(item.text for item in definition.items if item.link_id == link_id)
    answer = next(option.text for option in definition.options if option.value == value)
    return f"{definition.title}: {question}: {answer}."
