"""Cases that schemathesis makes from the served OpenAPI, sent as everybody, and compared with what it declares."""

import time
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi import checks as declared

from server.access import Role
from server.ids import new_id
from server.services import seats, sessions
from server.store.tables import Member
from server.store.work import Work
from tests.server.malforming.world import ROLES, World, path_ids

EVERYBODY = (Role.STRANGER, *ROLES)
HANGS_S = 15.0
_REFUSED, _SERVER_ERROR = 400, 500
_MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
_ENDS = frozenset({"session_end_all", "session_end_current", "room_leave", "me_data_erasure"})
"""Done as asked, nothing could be asked afterwards: each time by somebody whom nobody needs."""


@dataclass(slots=True)
class Fuzzed:
    """What came of it. wrong: the first fault of each kind and operation, in words."""

    counts: Counter[str] = field(default_factory=Counter)
    wrong: dict[tuple[str, str], str] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)
    slowest_s: float = 0.0
    operations: set[str] = field(default_factory=set)

    def fault(self, kind: str, operation: str, what: str) -> None:
        """Count it."""
        self.counts[kind] += 1
        self.wrong.setdefault((kind, operation), f"{kind}: {operation}: {what}")


@dataclass(frozen=True, slots=True)
class Made:
    """What one operation is asked. is_wrong: made against the schema on purpose."""

    name: str
    case: Any
    is_wrong: bool


def operations(openapi: dict[str, Any]) -> list[Any]:
    """Every operation of the description, in its order."""
    schema = schemathesis.openapi.from_dict(openapi)
    return [found.ok() for found in schema.get_all_operations()]


def make(operation: Any, count: int, world: World) -> list[Made]:
    """So many cases of one operation, half of them wrong; of the others half ask for what is there."""
    name = str(operation.definition.raw["operationId"])
    made = []
    for mode in _MODES:
        cases = _generated(operation, mode, -(-count // 2), zlib.crc32(name.encode()))
        for number, case in enumerate(cases):
            is_wrong = mode is GenerationMode.NEGATIVE
            if not is_wrong and number % 2:
                _ask_for_what_is_there(case, world)
            made.append(Made(name, case, is_wrong))
    return made


def send(url: str, made: Iterable[Made], tokens: dict[Role, Iterator[str]], into: Fuzzed) -> None:
    """Each as everybody. tokens: the next one of each role; it runs out for nobody."""
    with requests.Session() as session:
        session.trust_env = False
        for one in made:
            into.operations.add(one.name)
            into.counts["generated"] += 1
            for role in EVERYBODY:
                _send_one(session, url, one, role, next(tokens[role]), into)


def lasting(world: World) -> dict[Role, Iterator[str]]:
    """The same token for each role, for ever."""
    return {role: _for_ever(world.tokens.get(role, "")) for role in EVERYBODY}


def ends_something(operation: Any) -> bool:
    """Whether it would end the session or the seat that we go on with."""
    return operation.definition.raw["operationId"] in _ENDS


def can_vary(operation: Any) -> bool:
    """Whether there is anything about it to make cases of."""
    raw = operation.definition.raw
    return bool(raw.get("parameters")) or "requestBody" in raw


def throw_away(work: Work, world: World, count: int) -> dict[Role, list[str]]:
    """Tokens of so many new members of each role, seated where the world is."""
    return {role: [_throw_away_one(work, world, role) for _ in range(count)] for role in ROLES} | {
        Role.STRANGER: [""] * count
    }


def _throw_away_one(work: Work, world: World, role: Role) -> str:
    name = f"Gone {new_id()}"
    member = Member(pseudonym=name[:40], name_key=name, role=role, joined_at=work.now)
    work.session.add(member)
    work.session.flush()
    staff = role in {Role.MODERATOR, Role.CLINICIAN}
    seats.take_seat(work, world.room, member.id, str(role) if staff else "member")
    return sessions.open_session(work, member, "program").token


def _for_ever(token: str) -> Iterator[str]:
    while True:
        yield token


def _generated(operation: Any, mode: Any, count: int, from_seed: int) -> list[Any]:
    cases: list[Any] = []

    @seed(from_seed)
    @settings(
        max_examples=count, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def collect(case: Any) -> None:
        cases.append(case)

    try:
        collect()
    except Exception as error:
        # Nothing can be wrong about an operation without parameters and body.
        if mode is GenerationMode.POSITIVE or type(error).__name__ not in _NOTHING_TO_GET_WRONG:
            raise
    return cases


_NOTHING_TO_GET_WRONG = frozenset({"Unsatisfiable", "NoSuchCase", "SkipTest", "Skipped"})


def _ask_for_what_is_there(case: Any, world: World) -> None:
    ids = path_ids(world)
    case.path_parameters = {
        name: ids.get(name, given) for name, given in case.path_parameters.items()
    }


def _send_one(
    session: requests.Session, url: str, made: Made, role: Role, token: str, into: Fuzzed
) -> None:
    into.counts["cases"] += 1
    what = f"{role}, {'wrong' if made.is_wrong else 'right'}"
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    begin = time.perf_counter()
    try:
        response = made.case.call(
            base_url=url, session=session, headers=headers, timeout=HANGS_S, allow_redirects=False
        )
    except requests.Timeout:
        into.fault("hangs", made.name, what)
        return
    except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
        into.fault("broken_lines", made.name, f"{what}: {type(error).__name__}")
        return
    into.slowest_s = max(into.slowest_s, time.perf_counter() - begin)
    into.statuses[response.status_code] += 1
    into.counts["accepted" if response.status_code < _REFUSED else "refused"] += 1
    _compare(made, response, what, into)


def _compare(made: Made, response: Any, what: str, into: Fuzzed) -> None:
    said = f"{what}: {response.status_code}"
    kind = "five_hundreds" if response.status_code >= _SERVER_ERROR else "mismatches"
    for failure in _failures(made, response, _CHECKS):
        into.fault(kind, made.name, f"{said} {_in_words(failure)}")
    if made.is_wrong and response.status_code < _REFUSED:
        # It knows what is wrong by the letter alone, such as a query that nobody reads.
        for failure in _failures(made, response, [declared.negative_data_rejection]):
            into.fault("wrongly_accepted", made.name, f"{said} {_in_words(failure)}")


def _failures(made: Made, response: Any, checks: list[Any]) -> Sequence[BaseException]:
    try:
        made.case.validate_response(response, checks=checks)
    except FailureGroup as group:
        return list(group.exceptions)
    except Failure as failure:
        return [failure]
    return []


def _in_words(failure: BaseException) -> str:
    return " ".join(f"{type(failure).__name__} {failure}".split())[:300]


_CHECKS = [
    not_a_server_error,
    declared.status_code_conformance,
    declared.content_type_conformance,
    declared.response_headers_conformance,
    declared.response_schema_conformance,
]
