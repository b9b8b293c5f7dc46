"""What programs ask for with their tokens, in the audit log under the token's name."""

from server.access import Actor
from server.store import audit
from server.store.work import Work


def note(work: Work, actor: Actor, operation: str) -> None:
    """One row for each request, before it is answered."""
    audit.append(work, actor.id, f"token.{operation}", f"{actor.token}/{actor.session}")
