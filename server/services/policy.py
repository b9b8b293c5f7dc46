"""What judges here, for a clinician to read and to confirm; until then every page says that nobody has."""

from moderation.policy import DEFAULT
from moderation.review import EDITION, TEXTS
from server.access import Actor, check
from server.errors import Stale
from server.protocol import bodies
from server.store import audit
from server.store.place import get_place
from server.store.tables import Place
from server.store.work import Work


def is_reviewed(place: Place) -> bool:
    """Whether a clinician has confirmed exactly what judges now."""
    return place.policy_reviewed == EDITION


def read_policy(work: Work, actor: Actor) -> bodies.PolicyText:
    """The thresholds, phrases and words in force."""
    check(actor, "policy.read")
    place = get_place(work)
    reviewed = is_reviewed(place)
    return bodies.PolicyText(
        version=DEFAULT.version,
        edition=EDITION,
        texts=TEXTS,
        reviewed_at=place.policy_reviewed_at if reviewed else None,
    )


def confirm(work: Work, actor: Actor, review: bodies.PolicyReview) -> bodies.PolicyText:
    """A clinician has read this edition and stands by it. Raises Stale when another is in force."""
    check(actor, "policy.confirm")
    if review.edition != EDITION:
        raise Stale
    place = get_place(work)
    place.policy_reviewed, place.policy_reviewed_at = EDITION, work.now
    work.session.add(place)
    answer = read_policy(work, actor)
    audit.append(work, actor.id, "policy.confirm", EDITION)
    return answer
