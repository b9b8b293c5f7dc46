"""What judges here, for a clinician to read and to confirm; until then every page says that nobody has."""

from moderation.review import TEXTS, edition_of
from server.access import Actor, check
from server.errors import Stale
from server.protocol import bodies
from server.services.in_force import find_in_force, text_of
from server.store import audit, policies
from server.store.place import get_place
from server.store.tables import Place
from server.store.work import Work


def is_reviewed(work: Work, place: Place) -> bool:
    """Whether a clinician has confirmed exactly what judges now."""
    return place.policy_reviewed == edition_of(_texts(work))


def read_policy(work: Work, actor: Actor) -> bodies.PolicyText:
    """The thresholds, rules, phrases and words in force."""
    check(actor, "policy.read")
    place, texts = get_place(work), _texts(work)
    edition = edition_of(texts)
    reviewed = place.policy_reviewed == edition
    return bodies.PolicyText(
        version=find_in_force(work).policy.version,
        edition=edition,
        texts=texts,
        reviewed_at=place.policy_reviewed_at if reviewed else None,
    )


def confirm(work: Work, actor: Actor, review: bodies.PolicyReview) -> bodies.PolicyText:
    """A clinician has read this edition and stands by it. Raises Stale when another is in force."""
    check(actor, "policy.confirm")
    edition = edition_of(_texts(work))
    if review.edition != edition:
        raise Stale
    place = get_place(work)
    place.policy_reviewed, place.policy_reviewed_at = edition, work.now
    work.session.add(place)
    answer = read_policy(work, actor)
    audit.append(work, actor.id, "policy.confirm", edition)
    return answer


def _texts(work: Work) -> dict[str, str]:
    """As they are shipped, with this place's own policy in its place."""
    return TEXTS | {"policy.toml": text_of(policies.find_applied(work))}
