"""Bodies about how often a member is nudged."""

from server.protocol.base import Time, Wire


class NudgeDay(Wire):
    """Of the last 24 hours. quiet_until: no nudge before; None where nothing was asked for."""

    shown: int
    most: int
    quiet_until: Time | None


class NewNudgeQuiet(Wire):
    """Until the member's own midnight, say; never longer than 24 hours, which is also what None means."""

    until: Time | None = None
