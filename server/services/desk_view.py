"""What belongs to a case beside its decisions, as its reader may see it."""

from typing import Any

from server.access import Actor
from server.protocol import desk
from server.services import kept, offers, removal_view
from server.services.case_access import concerns_clinicians
from server.services.cases import is_only_for_clinicians
from server.services.queue import scope_of
from server.store import cases, wrong_rules
from server.store import colleagues as stored
from server.store import undo as stored_undo
from server.store.queue import Scope
from server.store.tables import Case, HandOver, Message, Opinion
from server.store.work import Work

_EARLIER = 20


def view(work: Work, actor: Actor, case: Case, *, may_decide: bool) -> desk.Desk:
    """The desk of a case. may_decide: False for whoever was only asked what they think."""
    message = work.session.get(Message, case.message_id) if case.message_id else None
    return desk.Desk(
        undo=_undo(work, actor, case),
        handlings=offers.handlings(case, message) if may_decide else [],
        urgencies=offers.urgencies(case) if may_decide else [],
        may_show_again=may_decide and offers.may_show_again(work, case, message),
        hand_overs=_hand_overs(work, case),
        opinions=_opinions(work, actor, case),
        removal=removal_view.view(work, actor, case),
        wrong_rules=wrong_rules.wrong_rules_of(work, case.id, actor.id),
        earlier=_earlier(work, actor, case),
    )


def _undo(work: Work, actor: Actor, case: Case) -> desk.Undo | None:
    found = kept.still_open(work, actor, case)
    if found is None:
        return None
    row, decision = found
    action: Any = decision.action
    return desk.Undo(decision=decision.id, action=action, until=row.until)


def _hand_overs(work: Work, case: Case) -> list[desk.HandOver]:
    found = stored.hand_overs_of(work, case.id)
    names = cases.member_names(
        work, {one.by for one in found} | {one.to for one in found if one.to}
    )
    return [_hand_over(work, case, one, names) for one in found]


def _hand_over(work: Work, case: Case, one: HandOver, names: dict[Any, str]) -> desk.HandOver:
    return desk.HandOver(
        by=names[one.by],
        to=names[one.to] if one.to else None,
        note=stored.open_note(work, case, one),
        at=one.at,
    )


def _opinions(work: Work, actor: Actor, case: Case) -> list[desk.Opinion]:
    found = stored.opinions_of(work, case.id)
    names = cases.member_names(work, {one.by for one in found} | {one.of for one in found})
    return [_opinion(work, actor, case, one, names) for one in found]


def _opinion(
    work: Work, actor: Actor, case: Case, one: Opinion, names: dict[Any, str]
) -> desk.Opinion:
    return desk.Opinion(
        id=one.id,
        by=names[one.by],
        of=names[one.of],
        mine=one.of == actor.id,
        question=stored.open_question(work, case, one),
        at=one.at,
        answer=stored.open_answer(work, case, one),
        answered_at=one.answered_at,
    )


def _earlier(work: Work, actor: Actor, case: Case) -> list[desk.EarlierCase]:
    """Only from rooms that the reader keeps, and only what they may open."""
    scope = scope_of(work, actor)
    found = [
        one
        for one in stored.earlier_about(work, case, list(scope.rooms), _EARLIER)
        if _may_open(work, scope, one)
    ]
    names = cases.room_names(work, {one.room_id for one in found})
    return [_earlier_case(work, one, names[one.room_id]) for one in found]


def _may_open(work: Work, scope: Scope, case: Case) -> bool:
    if case.room_id in scope.kept and not is_only_for_clinicians(case):
        return True
    return case.room_id in scope.cared and concerns_clinicians(work, case)


def _earlier_case(work: Work, case: Case, room_name: str) -> desk.EarlierCase:
    undone = stored_undo.undone_of(work, case.id)
    known: dict[str, Any] = {
        name: getattr(case, name) for name in ("id", "kind", "state", "urgency", "opened_at")
    }
    actions: list[Any] = [
        one.action
        for one in cases.decisions_of(work, case.id)
        if one.id not in undone and one.action != "undo"
    ]
    return desk.EarlierCase(room_name=room_name, actions=actions, **known)
