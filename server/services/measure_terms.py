"""Whom an answer calls and how soon: a clinician of the group stands by it before the group is asked.

A group that was asked before, or under other terms, goes on: its clinicians are asked to confirm instead.
"""

from uuid import UUID

from moderation.ladder import climbs
from moderation.triage import DUE
from moderation.urgency import Urgency
from server.access import Actor
from server.errors import NotNow, Stale
from server.measures import Catalogue, Definition
from server.protocol import measures as bodies
from server.services import measure_alarm, notices, timers
from server.store import audit, cases, measure_terms
from server.store.place import get_place
from server.store.tables import MeasureConfirmation
from server.store.work import Work


def terms_of(definition: Definition) -> str | None:
    """What has to be confirmed, with all that may change in it; None where no answer calls anybody."""
    if definition.danger is None:
        return None
    return (
        f"{definition.version}: {definition.danger.link_id} {' '.join(definition.danger.urgency)}"
    )


def check_confirmed(work: Work, room_id: UUID, definition: Definition) -> None:
    """Raises NotNow while no clinician of this group has confirmed whom an answer calls."""
    terms = terms_of(definition)
    if terms and measure_terms.find(work, room_id, definition.id, terms) is None:
        raise NotNow("Please confirm first whom an answer to it calls, and how soon.")


def confirm(work: Work, actor: Actor, room_id: UUID, definition: Definition, terms: str) -> None:
    """They have read these terms and stand by them; doing it twice keeps the first.

    Raises NotNow where no answer calls anybody, Stale when other terms are in force.
    """
    now = terms_of(definition)
    if now is None:
        raise NotNow("No answer to it calls anybody.")
    if terms != now:
        raise Stale
    if measure_terms.find(work, room_id, definition.id, terms):
        return
    row = MeasureConfirmation(
        room_id=room_id, measure=definition.id, terms=terms, by=actor.id, at=work.now
    )
    work.session.add(row)
    work.session.flush()
    audit.append(work, actor.id, "measure.confirm", row.id)


def calls(work: Work, catalogue: Catalogue, room_id: UUID) -> list[bodies.MeasureCalls]:
    """For each questionnaire with an answer that calls: whom, how soon, and who stands by it."""
    return [
        _calls(work, room_id, definition, terms)
        for definition in catalogue.definitions.values()
        if (terms := terms_of(definition))
    ]


def find_unconfirmed(work: Work, catalogue: Catalogue) -> list[tuple[UUID, str]]:
    """Running plans whose clinicians are still to be asked to confirm, with the terms."""
    return [
        (plan.id, terms)
        for definition in catalogue.definitions.values()
        if (terms := terms_of(definition))
        for plan in measure_terms.untold(work, definition.id, terms)
        if measure_alarm.clinicians_of(work, plan.room_id)
    ]


def ask_for(work: Work, plan_id: UUID, terms: str) -> int:
    """Ask its clinicians, once for these terms. Returns how many were told."""
    plan = measure_terms.take(work, plan_id)
    if plan is None or plan.terms_told == terms:
        return 0
    plan.terms_told = terms
    work.session.add(plan)
    told = measure_alarm.clinicians_of(work, plan.room_id)
    for clinician in told:
        notices.tell(
            work, member_id=clinician, kind="measure_confirm", code="plain", words=None,
            room_id=plan.room_id, automated=True, by_role="machine",
        )  # fmt: skip
    audit.append(work, None, "measure.confirm.ask", plan.id)
    return len(told)


def _calls(work: Work, room_id: UUID, definition: Definition, terms: str) -> bodies.MeasureCalls:
    danger = definition.danger
    assert danger is not None  # noqa: S101 - it has terms
    clinicians = measure_alarm.clinicians_of(work, room_id)
    on_call = set(get_place(work).on_call)
    names = cases.member_names(work, set(clinicians))
    exact = measure_terms.find(work, room_id, definition.id, terms)
    last = exact or measure_terms.newest(work, room_id, definition.id)
    return bodies.MeasureCalls(
        measure=definition.id,
        title=definition.title,
        edition=definition.version,
        terms=terms,
        question=next(item.text for item in definition.items if item.link_id == danger.link_id),
        source=danger.source,
        answers=[
            _answer(work, option.text, danger.urgency[option.value])
            for option in definition.options
        ],
        clinicians=[names[one] for one in clinicians],
        on_call=[names[one] for one in clinicians if str(one) in on_call],
        confirmed=_confirmed(work, last) if last else None,
        is_current=exact is not None,
    )


def _answer(work: Work, text: str, urgency: Urgency) -> bodies.MeasureCallAnswer:
    calls_anybody = urgency is not Urgency.NONE
    return bodies.MeasureCallAnswer(
        text=text,
        urgency=urgency.value,
        due_minutes=int(DUE[urgency].total_seconds() / 60) if calls_anybody else None,
        on_call_minutes=timers.minutes(work, urgency)[-1] if climbs(urgency) else None,
    )


def _confirmed(work: Work, row: MeasureConfirmation) -> bodies.MeasureConfirmed:
    return bodies.MeasureConfirmed(
        at=row.at, name=cases.member_names(work, {row.by})[row.by], edition=row.terms.split(":")[0]
    )
