"""Bodies about what leaves the place."""

from server.protocol.base import Id, Wire
from server.protocol.bodies import Code, Passphrase


class NewMeasuresExport(Wire):
    """Whose measures: one member's, or (None) of all who agreed. One of the secrets proves who asks."""

    member: Id | None
    passphrase: Passphrase | None = None
    recovery_code: Code | None = None
