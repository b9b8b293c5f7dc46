"""Bodies about age groups: what members say of themselves, and what another person confirms."""

from server.protocol.base import Id, Text, Time, Wire
from server.protocol.kinds import AgeGroup


class OwnAge(Wire):
    """age_group: None where nothing was said yet. asked: what waits for another person."""

    age_group: AgeGroup | None
    asked: AgeGroup | None


class NewAge(Wire):
    """The first time it counts at once; after that another person confirms. As it stands: taken back."""

    age_group: AgeGroup


class AgeChange(Wire):
    """Somebody says that they are in this group now."""

    id: Id
    name: str
    age_group: AgeGroup
    at: Time


class AgeChanges(Wire):
    """The longest waiting first."""

    changes: list[AgeChange]


class AgeAnswer(Wire):
    """reason: told to them; never left out of a no."""

    confirm: bool
    reason: Text | None = None
