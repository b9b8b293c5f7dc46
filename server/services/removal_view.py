"""Whether a member was asked to leave the whole place, as the reader of the case sees it."""

from server.access import Actor, Role
from server.protocol import desk
from server.store import cases, removals
from server.store.tables import Case
from server.store.work import Work


def view(work: Work, actor: Actor, case: Case) -> desk.Removal | None:
    """The newest request in this case. It takes another person, and a clinician, to answer it here."""
    found = removals.newest_of(work, case.id)
    if found is None:
        return None
    removal, decision = found
    waits = removal.answered_at is None
    return desk.Removal(
        id=removal.id,
        by=cases.member_names(work, {decision.by})[decision.by],
        at=removal.at,
        confirmed=removal.confirmed,
        may_answer=waits and actor.role is Role.CLINICIAN and decision.by != actor.id,
    )


def may_ask(work: Work, case: Case) -> bool:
    """Whether it may be asked for: of a peer who is here, once at a time."""
    subject = cases.get_subject(work, case)
    newest = removals.newest_of(work, case.id)
    is_asked = newest is not None and newest[0].answered_at is None
    return (subject.role, subject.state) == ("peer", "active") and not is_asked
