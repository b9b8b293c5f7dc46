"""Some of all cells: who is likeliest let in, and each operation once."""

from collections.abc import Iterable

from server.access import Role
from tests.server.matrix.cast import SEATED, Standing
from tests.server.matrix.cells import Wanted
from tests.server.matrix.expected import TABLE
from tests.server.matrix.operation import Cell

_FULLEST = {
    Role.PEER: Standing.SEAT,
    Role.MODERATOR: Standing.KEEPER,
    Role.CLINICIAN: Standing.CARER,
    Role.STEWARD: Standing.NOWHERE,
}


def fullest(every: list[Wanted]) -> list[Wanted]:
    """Those who are likeliest let in, each role that the table lets in once for each operation."""
    first = {operation.id: variant for operation, _, variant in reversed(every)}
    return [
        one
        for one in every
        if one[2] == first[one[0].id]
        and one[1].standing is _FULLEST.get(one[1].role)
        and one[1].role in {role for role, _ in TABLE[one[0].row]}
    ]


def once_each(cells: Iterable[Cell]) -> list[Cell]:
    """For each operation somebody whom the table lets in, at best seated; no stranger."""
    best: dict[str, Cell] = {}
    for cell in cells:
        if cell.answer == "allowed" and cell.person.token:
            known = best.setdefault(cell.operation.id, cell)
            if known.person.standing not in SEATED and cell.person.standing in SEATED:
                best[cell.operation.id] = cell
    return list(best.values())
