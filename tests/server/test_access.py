"""The one table: every route, command and event has a row, and what has none is refused."""

from collections.abc import Iterator, Sequence
from typing import Any, get_args

import pytest

from server.access import (
    EVENTS,
    OPERATIONS,
    Actor,
    Relation,
    Role,
    aside,
    check,
    may,
    may_receive,
)
from server.app import create_app
from server.errors import NoSession, NotAllowed, NotFound
from server.ids import new_id
from server.protocol import frames
from server.settings import read_settings

_SAID_ELSEWHERE = {"/ws": "socket.open", "/api/openapi.json": "openapi.read"}
"""Rows of routes that cannot name one: a socket has no OpenAPI, and FastAPI itself adds the other."""


def rows_of_routes() -> dict[str, str | None]:
    """The row that each route names, whether it is in the OpenAPI or not."""
    return {
        f"{sorted(getattr(route, 'methods', ['socket']))} {route.path}": (
            (getattr(route, "openapi_extra", None) or {}).get("x-access")
            or _SAID_ELSEWHERE.get(route.path)
        )
        for route in every_route(create_app(read_settings({})).routes)
    }


def every_route(routes: Sequence[Any]) -> Iterator[Any]:
    """Those of the routers that were included, too."""
    for route in routes:
        included = getattr(route, "original_router", None)
        if included is None:
            yield route
        else:
            yield from every_route(included.routes)


def frame_types(union: Any) -> set[str]:
    """The `type` of each frame in one direction."""
    return {
        get_args(model.model_fields["type"].annotation)[0] for model in get_args(get_args(union)[0])
    }


def test_every_route_has_a_row() -> None:
    found = rows_of_routes()
    assert len(found) > 250, "the guard: the routes were found"
    for hidden in ("/ws", "/crisis", "/plain/log-in", "/report", "/{path:path}"):
        assert any(route.endswith(f" {hidden}") for route in found), hidden
    assert {route: row for route, row in found.items() if row not in OPERATIONS} == {}


def test_every_command_has_a_row() -> None:
    commands = frame_types(frames.ClientFrame)
    assert len(commands) == 11
    assert {name for name in commands if f"frame.{name}" not in OPERATIONS} == set()


def test_every_event_has_a_row_and_every_row_an_event() -> None:
    assert frame_types(frames.ServerFrame) == set(EVENTS)


def test_every_row_is_used() -> None:
    used = set(rows_of_routes().values())
    commands = {f"frame.{name}" for name in frame_types(frames.ClientFrame)}
    assert set(OPERATIONS) - used - commands == set()


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("relation", Relation)
def test_what_has_no_row_is_refused(role: Role, relation: Relation) -> None:
    assert not may(role, "no.such.operation", relation)
    assert not may_receive(role, "no_such_event", relation)


def test_a_steward_configures_and_does_not_read() -> None:
    for operation in ("not_assessed.read",):
        assert not any(may(Role.STEWARD, operation, relation) for relation in Relation)
    for operation in ("case.read", "case.claim", "case.decide"):
        opened = {relation for relation in Relation if may(Role.STEWARD, operation, relation)}
        assert opened == {Relation.OUTSIDE}, "but for what is about those who keep a room"


def test_cases_are_for_those_who_keep_the_room() -> None:
    allowed = {
        (role, relation)
        for role in Role
        for relation in Relation
        if may_receive(role, "queue", relation)
    }
    assert allowed == {
        (Role.MODERATOR, Relation.KEEPER),
        (Role.CLINICIAN, Relation.CARER),
        (Role.MODERATOR, Relation.OUTSIDE),
        (Role.STEWARD, Relation.OUTSIDE),
    }


def test_what_is_set_aside_is_not_for_those_who_keep_the_room() -> None:
    seen = {relation: aside(relation) for relation in Relation}
    assert seen[Relation.KEEPER] is Relation.NONE
    assert seen[Relation.CARER] is Relation.CARER
    assert {seen[Relation.NONE], seen[Relation.SEAT]} == {Relation.OUTSIDE}
    assert not may(Role.MODERATOR, "case.read", seen[Relation.KEEPER])
    assert not may(Role.PEER, "case.read", Relation.OUTSIDE)


def test_a_refusal_says_no_more_than_it_must() -> None:
    peer = Actor(new_id(), "Ash", Role.PEER, new_id())
    with pytest.raises(NoSession):
        check(None, "room.list")
    with pytest.raises(NotAllowed):
        check(peer, "queue.read")
    with pytest.raises(NotFound):
        check(peer, "case.read", Relation.NONE)
    with pytest.raises(NotFound):
        check(peer, "room.read", Relation.NONE)
