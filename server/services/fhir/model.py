"""What an export is made of. Pure: nothing here knows how answers are kept."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from server.measures.model import Item, Option
from server.store.work import Work


@dataclass(frozen=True, slots=True)
class Definition:
    """A measure as it was published. `source`: publication and licence, in words.

    stem: what stands before all of its questions. version, language: of these words; None where they are lost.
    """

    id: str
    title: str
    items: tuple[Item, ...]
    options: tuple[Option, ...]
    loinc_panel: str | None
    loinc_total: str | None
    source: str
    stem: str | None = None
    version: str | None = None
    language: str | None = None

    def option(self, value: int) -> Option:
        """The answer that counts this; the bare number where the measure offers none such any more."""
        found = (option for option in self.options if option.value == value)
        return next(found, Option(str(value), value))


@dataclass(frozen=True, slots=True)
class Response:
    """One finished measure. `total` None: not scored, which is not nought."""

    id: UUID
    measure: str
    member: UUID
    room: UUID | None
    at: datetime
    answers: Mapping[str, int]
    total: int | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """What allowed it. `wording`: version and language of the words that were shown."""

    wording: str
    given_at: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody saw these answers, or carried them out of the place. Nobody's name."""

    at: datetime
    role: str
    exported: bool


@dataclass(frozen=True, slots=True)
class Person:
    """One member, with nothing that says who it is."""

    agreement: Agreement
    responses: tuple[Response, ...]
    looks: tuple[Look, ...]


@dataclass(frozen=True, slots=True)
class Export:
    """All that leaves, by whose role, when, and out of which version of this software."""

    at: datetime
    role: str
    version: str
    definitions: tuple[Definition, ...]
    people: tuple[Person, ...]


class Source(Protocol):
    """Where definitions and finished measures come from."""

    def definitions(self) -> Sequence[Definition]:
        """Every measure of this place."""

    def finished(self, work: Work, room_id: UUID, members: Collection[UUID]) -> Sequence[Response]:
        """What the clinicians of this group may see of these members, oldest first."""
