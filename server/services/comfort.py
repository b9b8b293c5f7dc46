"""How a member likes these pages: their own choice, on every device, known to nobody else."""

from server.access import Actor, check
from server.protocol import comfort as bodies
from server.store import comfort
from server.store.tables import MemberComfort
from server.store.work import Work


def read_comfort(work: Work, actor: Actor) -> bodies.Comfort:
    """What the actor chose."""
    check(actor, "comfort.read")
    row = comfort.find(work, actor.id)
    return _body(work, row) if row else bodies.Comfort()


def change_comfort(work: Work, actor: Actor, patch: bodies.ComfortPatch) -> bodies.Comfort:
    """Choose anew what the patch holds; of a topic named twice, the last counts."""
    check(actor, "comfort.change")
    row = comfort.find(work, actor.id)
    before = _body(work, row) if row else bodies.Comfort()
    after = before.model_copy(update=patch.model_dump(exclude_none=True) | _topics(patch))
    if row is None:
        row = MemberComfort(member_id=actor.id, sealed=b"", at=work.now)
    row.language = after.language
    comfort.put(work, row, after.model_dump_json(exclude={"language"}))
    return after


def _topics(patch: bodies.ComfortPatch) -> dict[str, list[bodies.TopicChoice]]:
    if patch.topics is None:
        return {}
    return {"topics": list({each.topic: each for each in patch.topics}.values())}


def _body(work: Work, row: MemberComfort) -> bodies.Comfort:
    choices = comfort.open_choices(work, row)
    kept = bodies.Comfort.model_validate_json(choices) if choices else bodies.Comfort()
    return kept.model_copy(update={"language": row.language})
