"""How a member likes these pages: their own choice, on every device, known to nobody else."""

from server.access import Actor, check
from server.protocol import ways as bodies
from server.store import ways
from server.store.tables import MemberWays
from server.store.work import Work


def read_ways(work: Work, actor: Actor) -> bodies.Ways:
    """What the actor chose."""
    check(actor, "ways.read")
    row = ways.find(work, actor.id)
    return _body(work, row) if row else bodies.Ways()


def change_ways(work: Work, actor: Actor, patch: bodies.WaysPatch) -> bodies.Ways:
    """Choose anew what the patch holds; of a topic named twice, the last counts."""
    check(actor, "ways.change")
    row = ways.find(work, actor.id)
    before = _body(work, row) if row else bodies.Ways()
    after = before.model_copy(update=patch.model_dump(exclude_none=True) | _topics(patch))
    if row is None:
        row = MemberWays(member_id=actor.id, sealed=b"", at=work.now)
    row.language = after.language
    ways.put(work, row, after.model_dump_json(exclude={"language"}))
    return after


def _topics(patch: bodies.WaysPatch) -> dict[str, list[bodies.TopicChoice]]:
    if patch.topics is None:
        return {}
    return {"topics": list({each.topic: each for each in patch.topics}.values())}


def _body(work: Work, row: MemberWays) -> bodies.Ways:
    choices = ways.open_choices(work, row)
    kept = bodies.Ways.model_validate_json(choices) if choices else bodies.Ways()
    return kept.model_copy(update={"language": row.language})
