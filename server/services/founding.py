"""The first start: the place itself, a first room, and a door for its first steward."""

from datetime import timedelta

from server.ids import digest, new_code, new_token
from server.services.rooms import make_room
from server.store import people
from server.store.place import find_place
from server.store.tables import Invitation, Place
from server.store.work import Work

_LINK_LIFE = timedelta(days=1)
_FIRST_PURPOSE = "A first room for everyone: say how today is, or just sit with others."


def found(work: Work) -> str | None:
    """Make what is missing. Returns the code of the first steward's door while there is no steward.

    Each start closes the door of the start before: a link in an old log opens nothing.
    """
    if find_place(work) is None:
        work.session.add(
            Place(
                epoch=new_token()[:16],
                name="Hearth",
                about="A place to be heard by people who have been there too.",
                sign_up="open",
                minimum_age=18,
                created_at=work.now,
            )
        )
        make_room(work, "The hearth", _FIRST_PURPOSE)
    if people.has_steward(work):
        return None
    for invitation in people.open_steward_invitations(work):
        invitation.expires_at = work.now
        work.session.add(invitation)
    code = new_code()
    work.session.add(
        Invitation(
            code_digest=digest(code),
            role="steward",
            created_at=work.now,
            expires_at=work.now + _LINK_LIFE,
        )
    )
    return code
