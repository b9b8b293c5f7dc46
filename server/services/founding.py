"""The first start: the place itself, a first room, and a door for its first steward."""

from datetime import timedelta

from server.errors import Misconfigured
from server.ids import digest, new_code
from server.services.rooms import make_room
from server.store import audit, people
from server.store.place import find_place, new_epoch
from server.store.tables import Invitation, Place
from server.store.work import Work

_WRONG_KEY = (
    "HEARTH_KEY_FILE: this community was sealed with another key file. Restore that one "
    "(and keys.sqlite3 beside it): with this one, nothing written here could be read."
)
_LINK_LIFE = timedelta(days=1)
_FIRST_PURPOSE = "A first room for everyone: say how today is, or just sit with others."


def found(work: Work, *, open_to_all: bool) -> str | None:
    """Make what is missing. Returns the code of the first steward's door while there is no steward.

    open_to_all: sign-up is open at first where only this machine reaches it, else by invitation.
    Raises Misconfigured for a community that was sealed with another key file.
    Each start closes the door of the start before: a link in an old log opens nothing.
    """
    place = find_place(work)
    if place and place.key_file != work.sealer.key_id:
        if not work.sealer.knows(place.key_file):
            raise Misconfigured(_WRONG_KEY)
        place.key_file = work.sealer.key_id
        work.session.add(place)
    if place is None:
        work.session.add(
            Place(
                epoch=new_epoch(),
                name="Hearth",
                about="A place to be heard by people who have been there too.",
                sign_up="open" if open_to_all else "invited",
                key_file=work.sealer.key_id,
                minimum_age=18,
                created_at=work.now,
            )
        )
        make_room(work, "The hearth", _FIRST_PURPOSE)
        work.session.flush()
        audit.append(work, None, "place.found", None)
    if people.has_steward(work):
        return None
    for invitation in people.open_steward_invitations(work):
        invitation.expires_at = work.now
        work.session.add(invitation)
    code = new_code()
    door = Invitation(
        code_digest=digest(code),
        role="steward",
        created_at=work.now,
        expires_at=work.now + _LINK_LIFE,
    )
    work.session.add(door)
    audit.append(work, None, "invitation.make", door.id)
    return code
