"""Malformed HTTP requests: every operation that OpenAPI names, each field, as each role."""

import http.client
import json
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from pydantic import ValidationError

from tests.server.every_body import every_body
from tests.server.live_server import LiveServer
from tests.server.malforming.sockets import Outcome
from tests.server.malforming.values import MARK, NOT_JSON, WHOLE, mutations
from tests.server.malforming.world import ROLES, World, path_ids, valid_bodies

_ENDS_SESSIONS = frozenset({"session_end_all", "session_end_current"})
"""Without a field to malform; done as asked, they would end the session that we go on with."""
_THREADS = 4
_BAD_REQUEST = 400
_SERVER_ERROR = 500

IN_URLS: dict[str, str] = {
    "word": MARK,
    "long": MARK * 1_000,
    "empty": "",
    "NaN": "NaN",
    "negative": "-1",
    "1e400": "1e400",
    "10**400": "1" + "0" * 400,
    "NUL": "%00",
    "lone surrogate": "%ED%A0%80",
    "not UTF-8": "%FF%FE",
    "deep": quote("[" * 2_000),
    "quote": quote("' OR 1=1 --"),
    "up": "..%2f..%2fetc%2fpasswd",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. must_refuse: False when what was made of it may be valid."""

    what: str
    method: str
    path: str
    body: str | None
    must_refuse: bool


def malformed_requests(openapi: dict[str, Any], world: World) -> Iterator[Asked]:
    """Everything that can be malformed about every operation."""
    for path, operations in openapi["paths"].items():
        for method, operation in operations.items():
            if operation["operationId"] not in _ENDS_SESSIONS:
                yield from _of_operation(path, method.upper(), operation, world)


def send_requests(server: LiveServer, world: World, asked: Iterable[Asked]) -> Outcome:
    """Each as every role, from a few threads."""
    outcome, lock = Outcome(), threading.Lock()
    all_of_them = [(one, role) for one in asked for role in ROLES]

    def send(share: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        for one, role in all_of_them[share::_THREADS]:
            status, content = _exchange(connection, one, world.tokens[role])
            with lock:
                _judge(f"{role} {one.what}", one, status, content, outcome)
        connection.close()

    with ThreadPoolExecutor(_THREADS) as threads:
        list(threads.map(send, range(_THREADS)))
    return outcome


def _of_operation(
    path: str, method: str, operation: dict[str, Any], world: World
) -> Iterator[Asked]:
    parameters = operation.get("parameters", [])
    ids = path_ids(world)
    name = operation["operationId"]
    for parameter in parameters:
        yield from _of_parameter(name, path, method, parameter, ids, _valid_body(operation, world))
    content = operation.get("requestBody", {}).get("content", {})
    if content:
        model = _model(operation)
        there = path.format(**ids)
        for what, text in mutations(name, valid_bodies(world)[model]):
            yield Asked(what, method, there, text, must_refuse=not _is_valid(model, text))
        for number, text in enumerate((*WHOLE, *NOT_JSON)):
            refused = not _is_valid(model, text)
            yield Asked(f"{name}: no body {number}", method, there, text, must_refuse=refused)
        yield Asked(
            f"{name}: too large", method, there, json.dumps("x" * 300_000), must_refuse=True
        )


def _of_parameter(
    name: str,
    path: str,
    method: str,
    parameter: dict[str, Any],
    ids: dict[str, str],
    body: str | None,
) -> Iterator[Asked]:
    schema = parameter["schema"]
    kinds = [schema, *schema.get("anyOf", [])]
    is_typed = any(
        {"format", "pattern", "enum"} & set(k) or k.get("type") == "integer" for k in kinds
    )
    for kind, value in IN_URLS.items():
        what = f"{name}.{parameter['name']}: {kind}"
        if parameter["in"] == "query":
            url = f"{path.format(**ids)}?{parameter['name']}={value}"
            yield Asked(what, method, url, body, must_refuse=is_typed)
        elif value:
            there = path.format(**(ids | {parameter["name"]: value}))
            yield Asked(what, method, there, body, must_refuse=True)


def _valid_body(operation: dict[str, Any], world: World) -> str | None:
    has_body = "requestBody" in operation
    return json.dumps(valid_bodies(world)[_model(operation)]) if has_body else None


def _model(operation: dict[str, Any]) -> str:
    content = operation["requestBody"]["content"]["application/json"]
    return str(content["schema"]["$ref"].rpartition("/")[2])


def _is_valid(model: str, text: str) -> bool:
    try:
        # As bytes: a byte order mark before JSON may be ignored (RFC 8259, section 8.1), and is.
        every_body()[model].model_validate(json.loads(text.encode("utf-8", "surrogatepass")))
    except (ValueError, ValidationError, RecursionError):
        return False
    return True


def _exchange(connection: http.client.HTTPConnection, one: Asked, token: str) -> tuple[int, bytes]:
    """Status and body; status 0 when the line broke."""
    headers = {"Authorization": f"Bearer {token}"}
    if one.body is not None:
        headers["Content-Type"] = "application/json"
    body = None if one.body is None else one.body.encode("utf-8", "surrogatepass")
    try:
        connection.request(one.method, one.path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        return 0, type(error).__name__.encode()


def _judge(what: str, one: Asked, status: int, content: bytes, outcome: Outcome) -> None:
    outcome.counts["requests"] += 1
    if status == 0:
        outcome.fault("unanswered", f"{what}: {content.decode()}")
    elif status >= _SERVER_ERROR:
        outcome.fault("five_hundreds", f"{what}: {status}")
    elif status < _BAD_REQUEST:
        if one.must_refuse:
            outcome.fault("wrongly_accepted", f"{what}: {status}")
        outcome.counts["accepted_valid"] += 1
    elif not _is_problem(content):
        outcome.fault("unclear", f"{what}: {status}")
    elif MARK.encode() in content:
        outcome.fault("echoed", what)
    else:
        outcome.counts["refused"] += 1


def _is_problem(content: bytes) -> bool:
    try:
        problem = json.loads(content)
    except ValueError:
        return False
    return isinstance(problem, dict) and bool(problem.get("code")) and bool(problem.get("detail"))
