"""A second opinion: a colleague is asked, answers in words, and the case stays where it is."""

from typing import Any
from uuid import UUID

from server.access import Actor, check
from server.errors import NotFound, NotNow
from server.protocol import bodies, desk
from server.services import case_view, colleagues, notices
from server.services.case_access import check_judge, get_case
from server.services.cases import announce
from server.store import audit, cases
from server.store import colleagues as stored
from server.store.tables import Case, Opinion
from server.store.work import Work


def ask(work: Work, actor: Actor, case_id: UUID, asked: desk.NewOpinion) -> bodies.Case:
    """Ask a colleague what they think. Nothing waits for it: the case can be decided meanwhile.

    Raises NotFound: also for a colleague who reported it or whom it is about. NotNow: closed, or
    this colleague is asked already.
    """
    case = get_case(work, actor, "case.opinion", case_id, lock=True)
    check_judge(work, actor, case)
    if case.open_key is None:
        raise NotNow("This case is closed.")
    colleagues.check_opinion(work, actor, case, asked.of)
    if any(
        one.of == asked.of and one.answered_at is None for one in stored.opinions_of(work, case.id)
    ):
        raise NotNow("This colleague is asked already.")
    opinion = Opinion(case_id=case.id, by=actor.id, of=asked.of, sealed=b"", at=work.now)
    stored.add_opinion(work, case, opinion, asked.question)
    announce(work, case)
    _call(work, case, asked.of, "opinion", actor)
    audit.append(work, actor.id, "case.opinion.ask", case.id)
    return case_view.view(work, actor, case)


def answer(
    work: Work, actor: Actor, case_id: UUID, opinion_id: UUID, asked: desk.OpinionAnswer
) -> bodies.Case:
    """What the one who was asked thinks. Raises NotFound for anybody else, NotNow when it was answered."""
    case = get_case(work, actor, "opinion.answer", case_id, lock=True)
    opinion = stored.lock_opinion(work, case.id, opinion_id)
    if opinion is None or opinion.of != actor.id:
        raise NotFound
    if opinion.answered_at is not None:
        raise NotNow("You have answered this already.")
    stored.answer_opinion(work, case, opinion, asked.words)
    announce(work, case)
    _call(work, case, opinion.by, "opinion_given", actor)
    audit.append(work, actor.id, "case.opinion.answer", case.id)
    return case_view.view(work, actor, case)


def list_asked(work: Work, actor: Actor) -> desk.AskedOpinions:
    """The living cases on which the actor's opinion is asked. Lines only, no text."""
    check(actor, "opinion.list")
    found = [
        (opinion, case)
        for opinion, case in stored.asked_of(work, actor.id)
        if _may_still_read(work, actor, case)
    ]
    rooms = cases.room_names(work, {case.room_id for _, case in found})
    names = cases.member_names(work, {opinion.by for opinion, _ in found})
    return desk.AskedOpinions(
        asked=[
            _line(opinion, case, rooms[case.room_id], names[opinion.by]) for opinion, case in found
        ]
    )


def _may_still_read(work: Work, actor: Actor, case: Case) -> bool:
    try:
        get_case(work, actor, "case.read", case.id)
    except NotFound:  # the seat ended since
        return False
    return True


def _line(opinion: Opinion, case: Case, room: str, by: str) -> desk.AskedOpinion:
    kind: Any = case.kind
    urgency: Any = case.urgency
    return desk.AskedOpinion(
        opinion=opinion.id, case=case.id, room_name=room, kind=kind, urgency=urgency, by=by,
        at=opinion.at,
    )  # fmt: skip


def _call(work: Work, case: Case, member_id: UUID, code: str, actor: Actor) -> None:
    notices.tell(
        work, member_id=member_id, kind="called", code=code, words=None, room_id=case.room_id,
        case_id=case.id, by_role=str(actor.role),
    )  # fmt: skip
