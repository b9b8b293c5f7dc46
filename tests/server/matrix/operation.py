"""What can be asked, and how it is sent: the operations of HTTP, a request, a cell."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from server.access import Relation
from server.api.plain import entry, report, saying
from server.api.plain import rooms as plain_rooms
from tests.server.matrix.cast import Person
from tests.server.matrix.expected import TABLE, Answer

PLAIN = "plain "
"""Before the names of plain pages, which no OpenAPI describes."""
_LATER = {
    "journal_erase_all": 1, "queue_next": 1, "line_close": 1, "way_codes": 1, "shift_hand_over": 1, "room_leave": 2,
    f"{PLAIN}post /plain/log-out": 3,
    "session_end": 1, "session_end_all": 4, "session_end_current": 3,
}  # fmt: skip
"""What changes how others stand, or ends the session that goes on asking: in this order, at the end."""

One = Callable[[Any, bool, Callable[[], Any]], Any]
"""A thing by its key: a shared one, or (True) made anew."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path. model: of its body. form: a plain page."""

    id: str
    row: str
    method: str
    path: str
    parameters: frozenset[str]
    model: str | None = None
    form: bool = False

    @property
    def order(self) -> int:
        """The later, the more it ends."""
        return _LATER.get(self.id, 0)

    @property
    def is_by_role(self) -> bool:
        """Whether the table asks only what somebody is."""
        return all(relation is Relation.NONE for _, relation in TABLE[self.row])


@dataclass(frozen=True, slots=True)
class Request:
    """As it is sent."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: str | None


@dataclass(frozen=True, slots=True)
class Aim:
    """What is asked for. relation: how the person stands to it. is_there: whether it is theirs to find."""

    relation: Relation
    is_there: bool
    ids: dict[str, Any]
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Cell:
    """One person, one operation, one way to stand to its thing. missing: the same about nothing at all."""

    operation: Operation
    person: Person
    variant: str
    answer: Answer
    asked: Request
    missing: Request | None

    @property
    def name(self) -> str:
        """For a report."""
        return f"{self.operation.id} ({self.variant}) as {self.person.name}"


def operations(openapi: dict[str, Any]) -> list[Operation]:
    """All that the server answers, by its own description and by the plain pages' routes."""
    found = [
        _described(path, method, operation)
        for path, methods in openapi["paths"].items()
        for method, operation in methods.items()
    ]
    for module in (entry, plain_rooms, report, saying):
        for route in module.router.routes:
            [method] = route.methods
            found.append(_plain(route, method))
    return sorted(found, key=lambda operation: operation.order)


def _described(path: str, method: str, operation: dict[str, Any]) -> Operation:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    return Operation(
        id=operation["operationId"],
        row=operation["x-access"],
        method=method.upper(),
        path=path,
        parameters=_in_path(path),
        model=content["schema"]["$ref"].rpartition("/")[2] if content else None,
    )


def _plain(route: Any, method: str) -> Operation:
    row = route.openapi_extra["x-access"]
    name = f"{PLAIN}{method.lower()} {route.path}"
    return Operation(name, row, method, route.path, _in_path(route.path), form=True)


def _in_path(path: str) -> frozenset[str]:
    return frozenset(part[1:-1] for part in path.split("/") if part.startswith("{"))
