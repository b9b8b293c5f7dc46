"""The one place where exports meet the measures of this place."""

from collections.abc import Collection, Sequence
from uuid import UUID

from server.services.fhir.model import Definition, Response, Source
from server.store.work import Work


class _NoMeasures:
    """A place without measures: nothing is asked, so nothing can leave."""

    def definitions(self) -> Sequence[Definition]:
        return ()

    def finished(self, work: Work, room_id: UUID, members: Collection[UUID]) -> Sequence[Response]:
        return ()


def measures() -> Source:
    """What is asked here, and what was answered."""
    return _NoMeasures()
