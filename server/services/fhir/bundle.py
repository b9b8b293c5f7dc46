"""A bundle of one export, one entry after the other: it is never whole in memory, and never on a disk."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from typing import Final
from uuid import UUID, uuid4

import orjson

from server.services.fhir import resources
from server.services.fhir.model import Definition, Export, Person, Response
from server.services.fhir.resources import Resource

MEDIA_TYPE: Final = "application/fhir+json"


def stream(export: Export) -> Iterator[bytes]:
    """A Bundle of type collection, as JSON."""
    at = export.at.astimezone(UTC).isoformat(timespec="milliseconds")
    head = {"resourceType": "Bundle", "id": str(uuid4()), "type": "collection", "timestamp": at}
    yield orjson.dumps(head)[:-1] + b',"entry":['
    between = b""
    for resource in _Bundle(export).resources():
        entry = {"fullUrl": resources.urn(resource["id"]), "resource": resource}
        yield between + orjson.dumps(entry)
        between = b","
    yield b"]}"


@dataclass(slots=True)
class _Bundle:
    """Every id in it is random: nothing of the place's own ids leaves, nor the time of their making."""

    export: Export
    ids: list[str] = field(default_factory=list)
    new_id: Callable[[], UUID] = uuid4

    def resources(self) -> Iterator[Resource]:
        """The measures, each person with all that is theirs, and where it comes from."""
        definitions = {each.id: each for each in self._used()}
        asked = {name: self._id() for name in definitions}
        for name, definition in definitions.items():
            yield resources.questionnaire(asked[name], definition)
        for person in self.export.people:
            yield from self._person(person, definitions, asked)
        targets = tuple(self.ids)
        yield resources.provenance(
            self._id(), targets, self.export.at, self.export.role, self.export.version
        )

    def _used(self) -> Iterator[Definition]:
        answered = {each.measure for person in self.export.people for each in person.responses}
        return (each for each in self.export.definitions if each.id in answered)

    def _person(
        self, person: Person, definitions: Mapping[str, Definition], asked: Mapping[str, str]
    ) -> Iterator[Resource]:
        subject = self._id()
        yield resources.patient(subject)
        yield resources.consent(self._id(), subject, person.agreement)
        for look in person.looks:
            yield resources.audit_event(self._id(), subject, look)
        for response in person.responses:
            definition = definitions[response.measure]
            yield from self._response(subject, asked[response.measure], definition, response)

    def _response(
        self, subject: str, asked: str, definition: Definition, response: Response
    ) -> Iterator[Resource]:
        answered = self._id()
        yield resources.questionnaire_response(answered, subject, asked, definition, response)
        members = []
        for item in definition.items:
            if item.link_id in response.answers:
                members.append(self._id())
                chosen = definition.option(response.answers[item.link_id])
                yield resources.item_observation(
                    members[-1], subject, answered, item, chosen, response.at
                )
        yield resources.total_observation(
            self._id(), subject, answered, definition, response, members
        )

    def _id(self) -> str:
        self.ids.append(str(self.new_id()))
        return self.ids[-1]
