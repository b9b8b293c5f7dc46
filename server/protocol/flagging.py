"""Bodies for asking a person to look at a message, where the one who asks waits for the answer."""

from typing import Annotated, Literal

from pydantic import Field

from server.protocol.base import Id, Text, Wire
from server.protocol.frames import FlagReason


class NewFlag(Wire):
    """As the frame `flag`. The same `client_id` asks once, however often it is sent."""

    client_id: Id
    reason: FlagReason
    words: Annotated[Text | None, Field()] = None
    aside: bool = False
    """About somebody who keeps this room: to somebody who does not keep it. Otherwise it changes nothing."""


class Flagged(Wire):
    """It is with the people who look. `who`: a keeper, one who did not write it, or nobody who keeps this room."""

    who: Literal["moderator", "other_keeper", "aside"]
