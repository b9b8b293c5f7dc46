"""Handing a case to a colleague, or back to the queue, with a note; also all that one holds."""

from typing import Any
from uuid import UUID

from server.access import Actor, check
from server.errors import NotAllowed, NotFound, NotNow
from server.protocol import bodies, desk
from server.services import case_view, keepers, notices
from server.services.case_access import (
    check_free,
    check_version,
    concerns_clinicians,
    get_case,
    had_no_part,
)
from server.services.cases import announce
from server.services.queue import LEASE, let_go
from server.store import audit, queue
from server.store import colleagues as stored
from server.store.tables import Case, HandOver, Member
from server.store.work import Work


def list_colleagues(work: Work, actor: Actor, case_id: UUID) -> desk.Colleagues:
    """Who may take this case, and who may be asked about it. Never its subject."""
    case = get_case(work, actor, "case.colleagues", case_id)
    reporters = stored.reporters(work, case)
    found = _others(work, actor, case)
    return desk.Colleagues(
        hand_over=[_body(one) for one in found if one[2] and _may_take(work, case, one)],
        opinion=[_body(one) for one in found if one[0].id not in reporters],
    )


def hand_over(work: Work, actor: Actor, case_id: UUID, asked: desk.NewHandOver) -> bodies.Case:
    """The case is another's, or the queue's, with a note for whoever has it.

    Raises NotFound, Stale, Claimed, NotNow (closed), NotAllowed: this colleague may not take it.
    """
    case = get_case(work, actor, "case.hand_over", case_id, lock=True)
    check_free(work, actor, case)
    check_version(work, actor, case, asked.version)
    if case.open_key is None:
        raise NotNow("This case is closed.")
    if asked.to and not _takes(work, actor, case, asked.to):
        raise NotAllowed("This colleague is not on shift for this room, or may not take this case.")
    _pass_on(work, actor, case, asked.to, asked.note)
    if asked.to:
        _call(work, asked.to, case, str(actor.role))
    audit.append(work, actor.id, "case.hand_over", case.id)
    return case_view.view(work, actor, case)


def read_claims(work: Work, actor: Actor) -> desk.ShiftClaims:
    """What the actor holds, and who is on shift beside them in any of these rooms."""
    check(actor, "shift.hand_over")
    held = queue.held_by(work, actor.id)
    found: dict[UUID, desk.Colleague] = {}
    for case in held:
        for one in _others(work, actor, case):
            if one[2] and _may_take(work, case, one):
                found[one[0].id] = _body(one)
    names = sorted(found.values(), key=lambda one: one.name)
    return desk.ShiftClaims(held=[case.id for case in held], colleagues=names)


def hand_over_all(work: Work, actor: Actor, asked: desk.ShiftHandOver) -> desk.HandedOver:
    """All that the actor holds, with one note. Where the colleague may not take a case, the queue has it."""
    check(actor, "shift.hand_over")
    handed = [
        (case, asked.to if asked.to and _takes(work, actor, case, asked.to) else None)
        for case in queue.held_by(work, actor.id)
    ]
    for case, to in handed:
        _pass_on(work, actor, case, to, asked.note)
    taken = [case for case, to in handed if to]
    if asked.to and taken:
        _call(work, asked.to, taken[0], str(actor.role))
    for case, _ in handed:
        audit.append(work, actor.id, "case.hand_over", case.id)
    return desk.HandedOver(handed=len(taken), to_queue=len(handed) - len(taken))


_Other = tuple[Member, str, bool]
"""A colleague, their seat in the room or `outside`, and whether they are on shift."""


def check_opinion(work: Work, actor: Actor, case: Case, member_id: UUID) -> None:
    """Raises NotFound unless this colleague may be asked: not the subject, nor who reported it."""
    if member_id in stored.reporters(work, case):
        raise NotFound
    if member_id not in {member.id for member, _, _ in _others(work, actor, case)}:
        raise NotFound


def _others(work: Work, actor: Actor, case: Case) -> list[_Other]:
    return [
        (member, seat, on)
        for member, seat, on in keepers.staff_for(work, case)
        if member.id not in (actor.id, case.subject_id) and had_no_part(work, member.id, case)
    ]


def _may_take(work: Work, case: Case, one: _Other) -> bool:
    return one[1] != "clinician" or concerns_clinicians(work, case)


def _takes(work: Work, actor: Actor, case: Case, member_id: UUID) -> bool:
    return any(
        one[0].id == member_id and one[2] and _may_take(work, case, one)
        for one in _others(work, actor, case)
    )


def _pass_on(work: Work, actor: Actor, case: Case, to: UUID | None, note: str) -> None:
    row = HandOver(case_id=case.id, by=actor.id, to=to, sealed=b"", at=work.now)
    stored.add_hand_over(work, case, row, note)
    if to is None:
        let_go(work, case)
        work.session.flush()
        return
    case.claimed_by, case.claimed_until = to, work.now + LEASE
    case.version += 1
    work.session.add(case)
    work.session.flush()
    announce(work, case)


def _call(work: Work, member_id: UUID, case: Case, by_role: str) -> None:
    notices.tell(
        work, member_id=member_id, kind="called", code="handed_over", words=None,
        room_id=case.room_id, case_id=case.id, by_role=by_role,
    )  # fmt: skip


def _body(one: _Other) -> desk.Colleague:
    member, _, on_shift = one
    role: Any = member.role
    return desk.Colleague(id=member.id, name=member.pseudonym, role=role, on_shift=on_shift)
