"""Bodies of a post with its replies, and of asks nobody has answered yet."""

from server.protocol.base import Id, Wire
from server.protocol.bodies import HistoryMessage


class Thread(Wire):
    """A post and what answers it directly, oldest first. `after` gives the next page; None at the end."""

    post: HistoryMessage
    replies: list[HistoryMessage]
    after: int | None


class WaitingAsk(Wire):
    """An ask that no other person has answered."""

    room: Id
    room_name: str
    message: HistoryMessage


class WaitingAsks(Wire):
    """Oldest first; `more`: there are others that do not stand here."""

    asks: list[WaitingAsk]
    more: bool
