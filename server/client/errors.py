"""What a client's calls may raise."""


class ClientError(Exception):
    """Base of all."""


class Declined(ClientError):
    """The server said no, and why: a stable `code`, a `detail` for people.

    status: of the HTTP answer; None for a frame. retry_after_s: set when trying again later helps.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        status: int | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        self.code = code
        self.detail = detail
        self.status = status
        self.retry_after_s = retry_after_s
        super().__init__(f"{code}: {detail}")


class Left(ClientError):
    """The program left a room while it was still joining it."""


class Unreachable(ClientError):
    """Nobody answered; trying again may help. Whether anything was done is not known."""


class SessionOver(ClientError):
    """The token opens nothing (any more): log in again. The client does not reconnect by itself."""
