"""The one place where exports meet the measures of this place."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from server.measures.model import Definition as Asked
from server.measures.reading import Catalogue
from server.services.fhir.model import Definition, Response
from server.store import measures
from server.store.work import Work


@dataclass(frozen=True, slots=True)
class Measures:
    """What is asked here, and what was answered."""

    catalogue: Catalogue

    def definitions(self) -> Sequence[Definition]:
        """Every measure of this place."""
        return [_definition(asked) for asked in self.catalogue.definitions.values()]

    def finished(self, work: Work, room_id: UUID, members: Collection[UUID]) -> Sequence[Response]:
        """All that these members finished: one consent shows the whole course, as the page does."""
        found = [one for member in members for one in measures.finished(work, member)]
        return [
            Response(one.id, self._asked(one), one.member, one.room, one.at, one.answers, one.total)
            for one in sorted(found, key=lambda one: (one.at, one.id))
        ]

    def _asked(self, one: measures.Finished) -> str:
        """Which measure it was: another edition is another one, whose words are not known any more."""
        now = self.catalogue.definitions.get(one.measure)
        return one.measure if now and now.version == one.edition else f"{one.measure} {one.edition}"


def _definition(asked: Asked) -> Definition:
    return Definition(
        id=asked.id,
        title=asked.title,
        items=asked.items,
        options=asked.options,
        loinc_panel=asked.loinc_panel,
        loinc_total=asked.loinc_total,
        source=f"{asked.publication} {asked.permission}",
        stem=asked.stem,
        version=asked.version,
        language=asked.language,
    )
