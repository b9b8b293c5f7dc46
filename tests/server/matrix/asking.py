"""Cells asked over real HTTP, and what is wrong with the answers."""

import http.client
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Any, Protocol
from uuid import UUID

from server.access import Relation, Role, aside
from tests.server.matrix.care import (
    CARE_HERE,
    CARE_THERE,
    UNSHARED,
    UNSHARED_TOTAL,
    WHY_HERE,
    WHY_THERE,
    words_about,
)
from tests.server.matrix.cells import Matrix, requests_in_order
from tests.server.matrix.expected import TABLE
from tests.server.matrix.operation import Cell, Operation, Request
from tests.server.matrix.targets import (
    NOTE_HERE,
    NOTE_THERE,
    REPORTED,
    SECRET,
    STAFF_WORDS,
    WORDS_HERE,
    WORDS_IN_LINE,
    WORDS_THERE,
    words_of,
)

_THREADS = 4
_PATIENCE_S = 120.0
"""Far above what an answer takes, for a machine that is busy with other things."""
_REFUSED, _SERVER_ERROR = 400, 500
_CODES = {
    "no_session": (401, "no_session"),
    "removed": (403, "removed"),
    "pending": (403, "pending"),
    "not_allowed": (403, "not_allowed"),
    "not_found": (404, "not_found"),
}
_LOG_IN = "/plain/log-in"
_GATES = frozenset({"no_session", "removed", "pending", "not_allowed", "not_found"})
_SAID = frozenset({"frame.post", "frame.edit"})
_NOT_SENT = 422
"""A page with the words that were not sent, so that nobody loses them."""
_NEW = re.compile(rb" \(\d+ new\)")
_ID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_LINE_OF = re.compile(r"line-of-([0-9a-f-]{36})")
_OF_CASES = ("case.", "opinion.", "removal.", "steward.removals", "escalation.")
_OF_SHARERS = frozenset({"member.look", "clinic.measures", "measures.export"})
"""What shows somebody to clinicians because they share it."""
_UNSHARED_TOTAL = re.compile(rf'"(?:total|value)": ?{UNSHARED_TOTAL}\b|,{UNSHARED_TOTAL},')


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer. to: where it sends the browser."""

    status: int
    body: bytes
    took_s: float
    to: str = ""

    @property
    def code(self) -> str:
        """Of a refusal; empty for a page."""
        try:
            return str(json.loads(self.body).get("code", ""))
        except (ValueError, AttributeError):
            return ""


class Named(Protocol):
    """A cell of HTTP, or of the socket."""

    @property
    def operation(self) -> Operation:
        """What is asked."""
        ...

    @property
    def variant(self) -> str:
        """How the person stands to it."""
        ...

    @property
    def name(self) -> str:
        """For a report."""
        ...


@dataclass(slots=True)
class Found:
    """What came of it. wrong: the faults in words, the first of each kind, operation and variant."""

    counts: Counter[str] = field(default_factory=Counter)
    wrong: dict[tuple[str, str], str] = field(default_factory=dict)
    denied_s: list[float] = field(default_factory=list)
    missing_s: list[float] = field(default_factory=list)
    late: dict[str, set[str]] = field(default_factory=dict)
    """Operations whose allowed answer was a later refusal, by its code."""

    def fault(self, kind: str, cell: Named, what: str) -> None:
        """Count it."""
        self.counts[kind] += 1
        about = f"{cell.operation.id} {cell.variant}"
        self.wrong.setdefault((kind, about), f"{kind}: {cell.name}: {what}")

    def figures(self) -> dict[str, Any]:
        """Counts, and how long a refusal takes where the thing is there and where it is not."""
        names = ("cells", "allowed", "refused", "leaks", "wrongly_refused", "differ", "errors")
        return {name: self.counts[name] for name in names} | {
            "denied_median_ms": _ms(self.denied_s),
            "missing_median_ms": _ms(self.missing_s),
        }


def ask_all(port: int, matrix: Matrix, cells: Iterable[Cell] | None = None) -> Found:
    """Each cell, from a few threads; what ends sessions and seats comes last."""
    found, lock = Found(), threading.Lock()
    chosen = list(matrix.cells if cells is None else cells)
    for together in requests_in_order(chosen):

        def ask(share: int, together: list[Cell] = together) -> None:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_S)
            for cell in together[share::_THREADS]:
                answered = exchange(connection, _on_a_line(connection, matrix, cell.asked))
                missing = exchange(connection, cell.missing) if cell.missing else None
                with lock:
                    _judge(matrix, cell, answered, missing, found)
            connection.close()

        with ThreadPoolExecutor(_THREADS) as threads:
            list(threads.map(ask, range(_THREADS)))
    return found


def _on_a_line(connection: http.client.HTTPConnection, matrix: Matrix, asked: Request) -> Request:
    """Where a request names a line that is fetched: its owner opens one for it, for it lives in the server."""
    of = _LINE_OF.search(asked.url)
    token = of and matrix.cast.tokens.get(UUID(of[1]))
    if not of or not token:
        return asked
    headers = {"Authorization": f"Bearer {token}"}
    opened = exchange(connection, Request("POST", "/api/lines", headers, None))
    line = json.loads(opened.body).get("line", of[0])  # whoever may have none is refused there, too
    return replace(asked, url=asked.url.replace(of[0], line))


def exchange(connection: http.client.HTTPConnection, asked: Request) -> Answered:
    """Send one request; status 0 when the line broke."""
    origin = f"http://127.0.0.1:{connection.port}"
    headers = {name: value.format(origin=origin) for name, value in asked.headers.items()}
    begin = time.perf_counter()
    try:
        connection.request(asked.method, asked.url, asked.body, headers)
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        return Answered(0, type(error).__name__.encode(), 0.0)
    took_s = time.perf_counter() - begin
    return Answered(answer.status, body, took_s, answer.headers.get("location", ""))


def _judge(
    matrix: Matrix, cell: Cell, answered: Answered, missing: Answered | None, found: Found
) -> None:
    found.counts["cells"] += 1
    _judge_status(cell, answered, found)
    for words in _not_theirs(matrix, cell, answered.body.decode(errors="replace")):
        found.fault("leaks", cell, f"the answer holds {words}")
    if cell.operation.id in _LISTS and answered.status < _REFUSED:
        for line in _foreign_lines(matrix, cell, json.loads(answered.body)):
            found.fault("leaks", cell, f"the list holds {line}")
    if missing is not None:
        _compare(cell, answered, missing, found)


def _judge_status(cell: Cell, answered: Answered, found: Found) -> None:
    said = f"{answered.status} {answered.code}, the table says {cell.answer}"
    if not answered.status or answered.status >= _SERVER_ERROR:
        found.fault("errors", cell, said)
    elif cell.answer == "allowed":
        found.counts["allowed"] += 1
        if _is_refused_at_the_gate(cell, answered):
            found.fault("wrongly_refused", cell, said)
        elif answered.status >= _REFUSED:
            found.late.setdefault(cell.operation.id, set()).add(answered.code)
    else:
        found.counts["refused"] += 1
        if answered.status < _REFUSED and not _sends_to_log_in(cell, answered):
            found.fault("leaks", cell, said)
        elif not _is_as_expected(cell, answered):
            found.fault("wrongly_refused", cell, said)


def _is_refused_at_the_gate(cell: Cell, answered: Answered) -> bool:
    if cell.operation.path == _LOG_IN:
        return False  # nobody's name, or a form for it: there is nothing to be let in to
    if cell.operation.form:
        return answered.status in {401, 403, 404} or answered.to == _LOG_IN != _after(cell)
    return answered.code in _GATES


def _after(cell: Cell) -> str:
    """Where a page sends its reader when all went well."""
    return _LOG_IN if "log-out" in cell.operation.path else ""


def _sends_to_log_in(cell: Cell, answered: Answered) -> bool:
    return cell.operation.form and answered.to == _LOG_IN


def _is_as_expected(cell: Cell, answered: Answered) -> bool:
    status, code = _CODES[cell.answer]
    if not cell.operation.form:
        return (answered.status, answered.code) == (status, code)
    if cell.answer == "no_session":
        return answered.to == _LOG_IN or answered.status in {status, 403}
    if cell.answer == "pending":
        return answered.status == status
    if cell.operation.row in _SAID and cell.operation.method == "POST":
        return answered.status == _NOT_SENT
    return answered.status == status


def _compare(cell: Cell, denied: Answered, missing: Answered, found: Found) -> None:
    """What is not theirs looks as what is not there: status, body, and so its length."""
    found.counts["compared"] += 1
    found.denied_s.append(denied.took_s)
    found.missing_s.append(missing.took_s)
    there, not_there = _plainly(denied), _plainly(missing)
    if (denied.status, denied.to, there) != (missing.status, missing.to, not_there):
        first = next(
            (pair for pair in zip(there, not_there, strict=False) if pair[0] != pair[1]), ""
        )
        found.fault(
            "differ", cell, f"{denied.status} there, {missing.status} not there; first {first}"
        )


def _plainly(answered: Answered) -> list[bytes]:
    """Its lines. A page names what it was asked for; how many notices are new changes by itself meanwhile."""
    return _NEW.sub(b"", _ID.sub(b"*", answered.body)).split(b"\n")


def _not_theirs(matrix: Matrix, cell: Cell, text: str) -> list[str]:
    """Words in an answer that this person may not read."""
    if cell.operation.row in _OF_SHARERS and (UNSHARED in text or _UNSHARED_TOTAL.search(text)):
        return ["what nobody shares"]
    if "qz" not in text:
        return []
    person = cell.person
    of_case = cell.operation.row.startswith(_OF_CASES) and cell.answer == "allowed"
    forbidden = [WORDS_IN_LINE, SECRET, words_about(person.id)]
    if person.relation is Relation.NONE and not of_case and not cell.operation.form:
        forbidden.append(WORDS_HERE)
    if person.elsewhere is Relation.NONE:
        forbidden.append(WORDS_THERE)
    if not of_case:
        forbidden.append(STAFF_WORDS)
    if person.role is not Role.STEWARD:
        forbidden.append(REPORTED)
    for row, here, there in _MARKS:
        forbidden += [] if (person.role, person.relation) in TABLE[row] else [here]
        forbidden += [] if (person.role, person.elsewhere) in TABLE[row] else [there]
    others = (one.id for one in matrix.cast.people if one != person)
    forbidden += [words_of(one) for one in others]
    return [words for words in forbidden if words in text]


_MARKS = (
    ("clinic.climate", NOTE_HERE, NOTE_THERE),
    ("team_note.read", CARE_HERE, CARE_THERE),
    ("emergency.answer", WHY_HERE, WHY_THERE),
)
"""Words of each room, and the row that opens them."""
_LISTS = {
    "queue_read": ("cases", "case.read"),
    "escalation_list": ("escalations", "escalation.answer"),
    "emergency_list": ("emergencies", "emergency.answer"),
}
"""Lists that go across rooms: the row that opens each of their lines."""


def _foreign_lines(matrix: Matrix, cell: Cell, body: dict[str, Any]) -> list[str]:
    """Lines of a list that the table does not open to this person."""
    name, row = _LISTS[cell.operation.id]
    seats = {
        str(matrix.cast.here): cell.person.relation,
        str(matrix.cast.there): cell.person.elsewhere,
    }
    return [
        str(line.get("id", line.get("case")))
        for line in body[name]
        if (cell.person.role, _relation_to(seats, line)) not in TABLE[row]
    ]


def _relation_to(seats: dict[str, Relation], line: dict[str, Any]) -> Relation:
    seat = seats.get(line["room"], Relation.NONE)
    return aside(seat) if line.get("aside") else seat


def _ms(times_s: list[float]) -> float | None:
    return round(median(times_s) * 1_000, 2) if times_s else None
