"""Bodies of Web Push: a browser's own, what its owner sees of it, and the steward's switch."""

from typing import Annotated

from pydantic import Field

from server.protocol.base import Id, Storable, Time, Wire

_Key = Annotated[Storable, Field(pattern=r"^[A-Za-z0-9_-]{16,120}={0,2}$")]
_Minute = Annotated[int, Field(ge=0, lt=1_440)]
_Zone = Annotated[Storable, Field(min_length=1, max_length=64)]


class QuietHours(Wire):
    """Minutes of the day in one's own time zone; `start` may lie after `end`, over midnight."""

    start: _Minute
    end: _Minute


class NewPushDevice(Wire):
    """What a browser's PushSubscription says. `time_zone`: as the browser names it."""

    endpoint: Annotated[Storable, Field(min_length=12, max_length=1_000)]
    p256dh: _Key
    auth: _Key
    time_zone: _Zone
    quiet: QuietHours | None = None


class PushDevicePatch(Wire):
    """`quiet` None: at all hours."""

    quiet: QuietHours | None


class PushDevice(Wire):
    """One of one's own browsers. `service`: the host whose server carries the calls."""

    id: Id
    service: str
    made_at: Time
    time_zone: str
    quiet: QuietHours | None


class MyPush(Wire):
    """`on`: a steward turned it on. `key`: the server's public key, for the browser."""

    on: bool
    key: str
    devices: list[PushDevice]


class PushMaker(Wire):
    """Whose servers: words, and their hosts."""

    name: str
    hosts: list[str]


class StewardPush(Wire):
    """The switch, on whose servers it relies, and how sending went since it was first turned on."""

    on: bool
    makers: list[PushMaker]
    devices: int
    waiting: int
    sent: int
    failed: int
    ended: int
    last_outcome: str | None
    """How the newest try ended: done, or a code."""
    last_at: Time | None


class StewardPushPatch(Wire):
    """The switch."""

    on: bool
