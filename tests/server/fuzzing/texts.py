"""Every field of text in every body, filled with each of the corpora; and what came of it, looked at afterwards."""

import csv
import http.client
import io
import json
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from server.access import Role
from tests.server.fuzzing.corpora import EVALUATED, FORGED, HEADER, UNICODE, injections
from tests.server.fuzzing.operations import Fuzzed
from tests.server.live_server import LiveServer
from tests.server.malforming.world import ROLES, World, path_ids, valid_bodies
from tests.server.wire_models import wire_models

_THREADS = 2
_TIMEOUT_S = 15.0
_SERVER_ERROR, _REFUSED = 500, 400
ENDS = frozenset({"me_data_erasure", "me_passphrase"})
"""After which whoever goes on asking is somebody else."""
_FORMULA = tuple("=+-@\t\r")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of text. role: who gets furthest with a valid body."""

    name: str
    method: str
    path: str
    body: dict[str, Any]
    field: str
    role: Role = Role.PEER

    def filled(self, text: str) -> str:
        """The body with this text in it."""
        return json.dumps(self.body | {self.field: text})


def text_fields(openapi: dict[str, Any], world: World) -> list[Field]:
    """Every field of a body that takes free text."""
    return [
        Field(operation["operationId"], method.upper(), path.format(**path_ids(world)), body, name)
        for path, methods in openapi["paths"].items()
        for method, operation in methods.items()
        if "requestBody" in operation and operation["operationId"] not in ENDS
        for model, body in [_of(operation, world)]
        for name in body
        if takes_text(wire_models()[model].model_json_schema()["properties"][name])
    ]


def fill(
    server: LiveServer, world: World, fields: Sequence[Field], into: Fuzzed, every: int = 1
) -> None:
    """Each text in each field. every: of the injections only each so manieth, others in each field."""
    texts = [*UNICODE.values(), *injections()]
    first = len(UNICODE)
    chosen = [
        (_by_whom(server, world, field), text)
        for number, field in enumerate(fields)
        for at, text in enumerate(texts)
        if at < first or (at + number) % every == 0
    ]
    lock = threading.Lock()

    def send(share: int) -> None:
        line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=_TIMEOUT_S)
        for field, text in chosen[share::_THREADS]:
            _one(line, field, text, world.tokens[field.role], into, lock)
        line.close()

    with ThreadPoolExecutor(_THREADS) as threads:
        list(threads.map(send, range(_THREADS)))
    into.counts["text_fields"] = len(fields)


def forged_lines(log: str) -> int:
    """Lines of the log that somebody else wrote."""
    return sum(FORGED in line for line in log.splitlines())


def read_table(server: LiveServer, path: str, token: str) -> str:
    """A file of values between commas."""
    line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=_TIMEOUT_S)
    line.request("GET", path, headers={"Authorization": f"Bearer {token}"})
    answer = line.getresponse()
    content = answer.read().decode()
    line.close()
    assert answer.status < _REFUSED, content
    return content


def read_any(server: LiveServer, path: str) -> bytes:
    """Whatever a stranger is answered there."""
    line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=_TIMEOUT_S)
    line.request("GET", path)
    content = line.getresponse().read()
    line.close()
    return content


def formulas(table: str) -> int:
    """Cells of a table that a spreadsheet would carry out; numbers are none."""
    cells = [cell for row in csv.reader(io.StringIO(table)) for cell in row]
    return sum(cell.startswith(_FORMULA) and not _is_number(cell) for cell in cells)


def _of(operation: dict[str, Any], world: World) -> tuple[str, dict[str, Any]]:
    content = operation["requestBody"]["content"]["application/json"]
    model = str(content["schema"]["$ref"].rpartition("/")[2])
    return model, valid_bodies(world)[model]


def takes_text(schema: dict[str, Any]) -> bool:
    """Whether a property of a body is somebody's own words, by its schema."""
    kinds = [schema, *schema.get("anyOf", [])]
    fixed = {"format", "enum", "const"}
    return any(kind.get("type") == "string" and not fixed & set(kind) for kind in kinds)


def _by_whom(server: LiveServer, world: World, field: Field) -> Field:
    """Somebody for whom it is not refused at the door."""
    line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=_TIMEOUT_S)
    for role in ROLES:
        status, _, _ = _exchange(line, field, json.dumps(field.body), world.tokens[role])
        if status not in {401, 403, 404}:
            break
    line.close()
    return replace(field, role=role)


def _one(
    line: http.client.HTTPConnection, field: Field, text: str, token: str, into: Fuzzed, lock: Any
) -> None:
    begin = time.perf_counter()
    status, headers, content = _exchange(line, field, field.filled(text), token)
    took_s = time.perf_counter() - begin
    what = f"{field.field} as {field.role}: {text[:60]!r}: {status}"
    with lock:
        into.counts["filled"] += 1
        into.counts["filled_accepted"] += 0 < status < _REFUSED
        into.slowest_s = max(into.slowest_s, took_s)
        for kind in _faults(status, headers, content, text):
            into.fault(kind, field.name, what)


def _faults(status: int, headers: str, content: bytes, text: str) -> Iterator[str]:
    if status == 0:
        yield "broken_lines"
    if status >= _SERVER_ERROR:
        yield "five_hundreds"
    if EVALUATED.encode() in content:
        yield "carried_out"
    if HEADER in headers:
        yield "headers_forged"
    if status >= _REFUSED and len(text) > 8 and json.dumps(text)[1:-1].encode() in content:
        yield "echoed"


def _exchange(
    line: http.client.HTTPConnection, field: Field, body: str, token: str
) -> tuple[int, str, bytes]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        line.request(field.method, field.path, body.encode("utf-8", "surrogatepass"), headers)
        answer = line.getresponse()
        return answer.status, str(answer.headers), answer.read()
    except (OSError, http.client.HTTPException):
        line.close()
        return 0, "", b""


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
