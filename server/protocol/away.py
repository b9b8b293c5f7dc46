"""Bodies about members who are away: what they are called for, and how the place looks from outside."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from server.protocol.base import Id, Storable, Wire

Wish = Literal["all", "replies", "nothing"]


def _to_a_site(url: str) -> str:
    """Raises ValueError for what is no plain HTTPS address."""
    host = url.removeprefix("https://").split("/")[0]
    if not url.startswith("https://") or not host or set(url) & set(" \"'<>\\@"):
        raise ValueError("an address that begins with https://")
    return url


class RoomWish(Wire):
    """What I am called for in one of my rooms. `replies`: to me, an invitation, a moderator's words to me."""

    room: Id
    name: str
    wish: Wish


class RoomWishes(Wire):
    """My rooms, by name."""

    rooms: list[RoomWish]


class WishPatch(Wire):
    """Another choice for one room."""

    wish: Wish


class StewardAway(Wire):
    """The steward's choices. `plain_name`: of the app on a home screen; `leave_to`: where "Leave" leads."""

    members_called: bool
    plain_name: str | None
    leave_to: str | None


class StewardAwayPatch(Wire):
    """All of them anew. None: as the place is named; a harmless page of our own."""

    members_called: bool
    plain_name: Annotated[Storable, Field(min_length=1, max_length=30)] | None = None
    leave_to: (
        # In this order: what is no address is told so, however short it is.
        Annotated[Storable, AfterValidator(_to_a_site), Field(min_length=12, max_length=300)] | None
    ) = None
