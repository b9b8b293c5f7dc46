"""A member's own plan for hard times: for oneself alone. No program reads it, and nothing follows from it."""

from server.access import Actor, check
from server.errors import BadFrame, Stale
from server.protocol import plans as bodies
from server.store import plans
from server.store.tables import SafetyPlan
from server.store.work import Work


def read_mine(work: Work, actor: Actor) -> bodies.OwnPlan:
    """One's own."""
    check(actor, "plan.own")
    row = plans.find(work, actor.id)
    return _body(work, row) if row else _NOTHING


def change(work: Work, actor: Actor, new: bodies.NewPlan) -> bodies.OwnPlan:
    """Keep it in place of the version named; what is there already, word for word, is the answer.

    Turning the key is such a change, too: all of the plan in one step, or nothing.
    Raises Stale when another version stands there, BadFrame for both kinds at once or none.
    """
    check(actor, "plan.own")
    content = _content(new)
    row = plans.find(work, actor.id)
    if row and row.locked == (new.plan is None) and plans.open_content(work, row) == content:
        return _body(work, row)
    if new.version != (row.version if row else 0):
        raise Stale
    row = row or SafetyPlan(member_id=actor.id, version=0, locked=False, sealed=b"", at=work.now)
    row.locked = new.plan is None
    plans.put(work, row, content)
    return _body(work, row)


def remove(work: Work, actor: Actor) -> None:
    """Let go of it, whatever version it is, also where its key is lost."""
    check(actor, "plan.own")
    plans.remove(work, actor.id)


def _content(new: bodies.NewPlan) -> str:
    if new.plan is not None and new.locked is None:
        return new.plan.model_dump_json()
    if new.locked is None or new.plan is not None:
        raise BadFrame
    return new.locked


def _body(work: Work, row: SafetyPlan) -> bodies.OwnPlan:
    content = plans.open_content(work, row)
    plan = None if row.locked or content is None else bodies.Plan.model_validate_json(content)
    return bodies.OwnPlan(
        version=row.version, plan=plan, locked=content if row.locked else None, at=row.at
    )


_NOTHING = bodies.OwnPlan(version=0, plan=None, locked=None, at=None)
