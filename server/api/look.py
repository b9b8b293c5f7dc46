"""How our own pages look in a row of tabs: under their names, or plainly, as a member chose on this device."""

from contextvars import ContextVar
from typing import Final, NamedTuple

from starlette.requests import HTTPConnection

COOKIE: Final = "hearth-look"
"""Set by the web with the plain title and icon; it says nothing about anybody."""


class Look(NamedTuple):
    """Of one device."""

    is_plain: bool = False

    @property
    def icon(self) -> str:
        """What stands in the tab."""
        return "/plain.svg" if self.is_plain else "/favicon.svg"


looking: ContextVar[Look] = ContextVar("looking", default=Look())  # noqa: B039 - a tuple
"""The look of the plain page that is being made."""


def look_of(request: HTTPConnection) -> Look:
    """As this device chose."""
    return Look(request.cookies.get(COOKIE) == "plain")
