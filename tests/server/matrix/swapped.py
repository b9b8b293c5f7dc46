"""Views of staff about things and people that are taken at random from everybody else's (row G9)."""

import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from server.access import Relation, Role
from tests.server.matrix.aims import NEEDS_SOMEBODY
from tests.server.matrix.cast import Person, Standing
from tests.server.matrix.expected import TABLE, Answer, expected
from tests.server.matrix.operation import Cell, Operation, Request

_STAFF = frozenset({Role.MODERATOR, Role.CLINICIAN})
_GONE = frozenset({Standing.LOGGED_OUT, Standing.EXPIRED, Standing.PENDING, Standing.REMOVED})

Known = Callable[[Operation, Person, str], Answer]
"""What the table says of a thing as it was made for a cell, to somebody else."""


@dataclass(frozen=True, slots=True)
class Things:
    """What views were made for. whole: the paths that belong together, and how they were made."""

    operations: list[Operation]
    people: list[Person]
    ids: dict[tuple[str, str], list[str]]
    whole: dict[tuple[str, str], str]
    queries: dict[str, str]


def swapped(
    cells: Iterable[Cell], known: Known, there: UUID, many: int, seed: int = 9
) -> list[Cell]:
    """So many views. What was not made to belong together is there for nobody.

    there: the other room, in which some of them work.
    """
    every = list(cells)
    things = _things(
        [cell for cell in every if _is_view(cell.operation)],
        list(dict.fromkeys(cell.person for cell in every)),
    )
    chance, found = random.Random(seed), list[Cell]()
    while len(found) < many and things.people and things.operations:
        found += _view(chance, things, known, str(there))
    return found


def _things(views: Sequence[Cell], people: Sequence[Person]) -> Things:
    ids: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    whole: dict[tuple[str, str], str] = {}
    queries: dict[str, str] = {}
    for cell in views:
        path, mark, query = cell.asked.url.partition("?")
        queries[cell.operation.id] = mark + query
        if cell.variant not in NEEDS_SOMEBODY:
            whole[cell.operation.id, path] = cell.variant
            for name, value in _ids(cell.operation, path):
                ids[cell.operation.id, name].add(value)
    operations = {cell.operation.id: cell.operation for cell in views}
    return Things(
        [operations[name] for name in sorted(operations)],
        [one for one in people if one.role in _STAFF and one.token and one.standing not in _GONE],
        {key: sorted(values) for key, values in ids.items()},
        whole,
        queries,
    )


def _view(chance: random.Random, things: Things, known: Known, there: str) -> Iterator[Cell]:
    """One; none where somebody may work there and nothing says with what."""
    operation, person = chance.choice(things.operations), chance.choice(things.people)
    path = operation.path.format(
        **{
            name: chance.choice(things.ids[operation.id, name])
            for name in sorted(operation.parameters)
        }
    )
    variant = things.whole.get((operation.id, path))
    if variant is not None:
        answer = known(operation, person, variant)
    elif there in path and person.elsewhere is not Relation.NONE:
        return
    else:
        answer = expected(operation.row, operation.id, person, Relation.NONE, is_there=False)
    headers = {"Authorization": f"Bearer {person.token}"}
    asked = Request("GET", path + things.queries[operation.id], headers, None)
    yield Cell(operation, person, "swapped", answer, asked, None)


def _is_view(operation: Operation) -> bool:
    """What moderators and clinicians look at, and no peer: about one thing or person."""
    roles = {role for role, _ in TABLE[operation.row]}
    is_theirs = bool(roles & _STAFF) and not roles & {Role.PEER, Role.STRANGER}
    return operation.method == "GET" and bool(operation.parameters) and is_theirs


def _ids(operation: Operation, path: str) -> Iterator[tuple[str, str]]:
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", operation.path)
    found = re.fullmatch(pattern, path)
    yield from (found.groupdict() if found else {}).items()
