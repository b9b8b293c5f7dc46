"""What the plain pages need beside the services that every page uses."""

from typing import NamedTuple

from server.access import Actor
from server.store import notices
from server.store.place import get_place
from server.store.work import Work


class Head(NamedTuple):
    """What stands at the top of a member's every page, and the token that their forms carry."""

    place: str
    unread: int
    token: str


def place_name(work: Work) -> str:
    """Of this place."""
    return get_place(work).name


def head(work: Work, actor: Actor) -> Head:
    """The token is a keyed hash of the session: nothing more to store, and it ends with it."""
    token = work.sealer.fingerprint("plain form", str(actor.session)).hex()
    return Head(place_name(work), notices.count_unread(work, actor.id), token)
