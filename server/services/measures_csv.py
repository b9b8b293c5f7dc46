"""Measures as one table: a line for each answer and each score. People by a number of this file alone."""

from collections.abc import Iterator
from typing import Final

from server.services.csv_cells import Cell, table
from server.services.fhir.model import Definition, Export, Response

HEADER: Final = ("person", "answered_at", "measure", "item", "text", "answer", "value", "source")
_NOT_SCORED: Final = "not scored"


def stream(export: Export) -> Iterator[bytes]:
    """The table, a line at a time."""
    return table(HEADER, _rows(export))


def _rows(export: Export) -> Iterator[tuple[Cell, ...]]:
    definitions = {definition.id: definition for definition in export.definitions}
    for number, person in enumerate(export.people, start=1):
        for response in person.responses:
            yield from _of_response(number, definitions[response.measure], response)


def _of_response(
    person: int, definition: Definition, response: Response
) -> Iterator[tuple[Cell, ...]]:
    first = (person, response.at.isoformat(timespec="seconds"), definition.title)
    for item in definition.items:
        value = response.answers.get(item.link_id)
        said = definition.option(value).text if value is not None else None
        yield (*first, item.link_id, item.text, said, value, definition.source)
    scored = None if response.total is not None else _NOT_SCORED
    yield (*first, "total", "Total score", scored, response.total, definition.source)
