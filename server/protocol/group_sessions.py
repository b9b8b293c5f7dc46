"""Bodies of group sessions: a time in a room, with a host."""

from typing import Annotated

from pydantic import Field

from server.protocol.base import Id, ShortText, Storable, Text, Time, Wire

SessionTitle = Annotated[Storable, Field(min_length=2, max_length=80)]
TimeZone = Annotated[Storable, Field(min_length=1, max_length=64)]
Minutes = Annotated[int, Field(ge=10, le=8 * 60)]


class GroupSession(Wire):
    """`host` None: whoever it was no longer keeps the room. `people`: rounded to 5, for those who keep the
    room, after its end; None also where fewer than 8 were there, and until then."""

    id: Id
    room: Id
    room_name: str
    title: str
    about: str | None
    starts_at: Time
    ends_at: Time
    time_zone: str
    host: str | None
    host_id: Id | None
    edition: int
    cancelled: bool
    remind: bool
    """The reader asked to be reminded."""
    may_change: bool
    people: int | None = None


class GroupSessions(Wire):
    """What comes first stands first. `past`: the newest first, for those who keep the room."""

    upcoming: list[GroupSession]
    past: list[GroupSession] = []


class SessionHost(Wire):
    """Somebody who may host in this room."""

    id: Id
    name: str


class SessionHosts(Wire):
    """By name."""

    hosts: list[SessionHost]


class NewGroupSession(Wire):
    """`time_zone`: the name of the zone in which it was planned, "Europe/Dublin". `host` None: oneself."""

    title: SessionTitle
    about: Text | None = None
    starts_at: Time
    time_zone: TimeZone
    minutes: Minutes = 60
    host: Id | None = None


class GroupSessionPatch(Wire):
    """What is given changes. `edition`: the one that was read."""

    edition: int
    title: SessionTitle | None = None
    about: Text | None = None
    starts_at: Time | None = None
    time_zone: TimeZone | None = None
    minutes: Minutes | None = None
    host: Id | None = None


class GroupSessionEnd(Wire):
    """Cancelled. `reason` is told to those who wanted to be reminded."""

    edition: int
    reason: ShortText | None = None
